/** What `-h` prints: kcat's own help, with what is ours. From kcat (BSD 2-clause, Copyright 2014-2021 Magnus Edenhill). */
import { version } from '../version.ts'

export const versionText = (): string =>
  `ottla ${version} - kcat-compatible Apache Kafka producer and consumer tool (JSON, Avro, Transactions)\n`

export const usageText = (name: string): string =>
  `Usage: ${name} <options> [file1 file2 .. | topic1 topic2 ..]]
${versionText()}
Mode:
  -P                 Producer
  -C                 Consumer
  -G <group-id>      High-level KafkaConsumer (Kafka >=0.9 balanced consumer groups)
  -L                 Metadata List
  -Q                 Query mode
  -M <broker-cnt>    Run a cluster of so many brokers for a test, until stdin closes

General options for most modes:
  -t <topic>         Topic to consume from, produce to, or list
  -p <partition>     Partition
  -b <brokers,..>    Bootstrap broker(s) (host[:port])
  -D <delim>         Message delimiter string:
                     a-z | \\r | \\n | \\t | \\xNN ..
                     Default: \\n
  -K <delim>         Key delimiter (same format as -D)
  -c <cnt>           Limit message count
  -m <seconds>       Metadata (et.al.) request timeout.
                     This limits how long kcat will block
                     while waiting for initial metadata to be
                     retrieved from the Kafka cluster.
                     It also sets the timeout for the producer's
                     transaction commits, init, aborts, etc.
                     Default: 5 seconds.
  -F <config-file>   Read configuration properties from file,
                     file format is "property=value".
                     The KCAT_CONFIG=path environment can also be used, but -F takes precedence.
                     The default configuration file is $HOME/.config/kcat.conf
  -X list            List available librdkafka configuration properties
  -X prop=val        Set librdkafka configuration property.
                     Properties prefixed with "topic." are
                     applied as topic properties.
  -X dump            Dump configuration and exit.
  -d <dbg1,...>      Enable librdkafka debugging:
                     accepted, shows the client's log on stderr
  -q                 Be quiet (verbosity set to 0)
  -v                 Increase verbosity
  -E                 Do not exit on non-fatal error
  -V                 Print version
  -h                 Print usage help

Producer options:
  -z snappy|gzip|lz4 Message compression. Default: none
  -p -1              Use random partitioner
  -D <delim>         Delimiter to split input into messages
  -K <delim>         Delimiter to split input key and message
  -k <str>           Use a fixed key for all messages.
                     If combined with -K, per-message keys
                     takes precendence.
  -H <header=value>  Add Message Headers (may be specified multiple times)
  -l                 Send messages from a file separated by
                     delimiter, as with stdin.
                     (only one file allowed)
  -T                 Output sent messages to stdout, acting like tee.
  -c <cnt>           Exit after producing this number of messages
  -Z                 Send empty messages as NULL messages
  file1 file2..      Read messages from files.
                     With -l, only one file permitted.
                     Otherwise, the entire file contents will
                     be sent as one single message.
  -X transactional.id=.. Enable transactions and send all
                     messages in a single transaction which
                     is committed when stdin is closed or the
                     input file(s) are fully read.
                     If kcat is terminated through Ctrl-C
                     (et.al) the transaction will be aborted.

Consumer options:
  -o <offset>        Offset to start consuming from:
                     beginning | end | stored |
                     <value>  (absolute offset) |
                     -<value> (relative offset from end)
                     s@<value> (timestamp in ms to start at)
                     e@<value> (timestamp in ms to stop at (not included))
  -e                 Exit successfully when last message received
  -f <fmt..>         Output formatting string, see below.
                     Takes precedence over -D and -K.
  -J                 Output with JSON envelope
  -s key=<serdes>    Deserialize non-NULL keys using <serdes>.
  -s value=<serdes>  Deserialize non-NULL values using <serdes>.
  -s <serdes>        Deserialize non-NULL keys and values using <serdes>.
                     Available deserializers (<serdes>):
                       <pack-str> - A combination of:
                                    <: little-endian,
                                    >: big-endian (recommended),
                                    b: signed 8-bit integer
                                    B: unsigned 8-bit integer
                                    h: signed 16-bit integer
                                    H: unsigned 16-bit integer
                                    i: signed 32-bit integer
                                    I: unsigned 32-bit integer
                                    q: signed 64-bit integer
                                    Q: unsigned 64-bit integer
                                    c: ASCII character
                                    s: remaining data is string
                                    $: match end-of-input (no more bytes remaining or a parse error is raised).
                                       Not including this token skips any
                                       remaining data after the pack-str is
                                       exhausted.
                       avro       - Avro in the frame of Confluent's serializers,
                                    its schema by -r. Printed as JSON.
  -r <url>           Schema registry, or SCHEMA_REGISTRY_URL; the URL may
                     carry user:password@. Avro schemas and their references;
                     JSON Schema and Protobuf are not decoded
  -D <delim>         Delimiter to separate messages on output
  -K <delim>         Print message keys prefixing the message
                     with specified delimiter.
  -O                 Accepted; does nothing, as in kcat
  -c <cnt>           Exit after consuming this number of messages
  -Z                 Print NULL values and keys as "NULL" instead of empty.
                     For JSON (-J) the nullstr is always null.
  -u                 Unbuffered output

Metadata options (-L):
  -t <topic>         Topic to query (optional)

Query options (-Q):
  -t <t>:<p>:<ts>    Get offset for topic <t>,
                     partition <p>, timestamp <ts>.
                     Timestamp is the number of milliseconds
                     since epoch UTC.
                     Requires broker >= 0.10.0.0 and librdkafka >= 0.9.3.
                     Multiple -t .. are allowed but a partition
                     must only occur once.

Beyond kcat:
  --timeout <seconds>   Give up after this time, exit code 1
  --grep <[!]regex>     Only records whose value matches; k:regex the key, h:NAME=regex
                        a header; ! in front turns it around. Repeatable
  --rate <n>            Produce at most n messages a second
  --partitioner <name>  murmur2_random (as Java), consistent_random (default), ..
  --encoding <how>      base64 or hex keys, values and headers with -J, either way
  --headers <how>       flat or map, with -J
  --embed-json          A payload that is JSON stands in -J as JSON, not as a string
  --debug               Show where an error comes from
  -J with -P            Reads what -C -J wrote: key, payload, headers, partition, ts
  -o s@-10m  e@..       Times may be ISO 8601 (2026-11-22T10:00) or relative (-10m, -3d)
  -f %x{s} %b{k} %j{s}  Value or key (s, k) in hexadecimal, base64, as a JSON string
  -f %F %H{name} %B     Timestamp in ISO 8601, value of one header, id of the broker
  Every letter has a long name too: --topic, --brokers, --offset, ..


Format string tokens:
  %s                 Message payload
  %S                 Message payload length (or -1 for NULL)
  %R                 Message payload length (or -1 for NULL) serialized
                     as a binary big endian 32-bit signed integer
  %k                 Message key
  %K                 Message key length (or -1 for NULL)
  %T                 Message timestamp (milliseconds since epoch UTC)
  %h                 Message headers (n=v CSV)
  %t                 Topic
  %p                 Partition
  %o                 Message offset
  \\n \\r \\t           Newlines, tab
  \\xXX \\xNNN         Any ASCII character
 Example:
  -f 'Topic %t [%p] at offset %o: key %k: %s\\n'

JSON message envelope (on one line) when consuming with -J:
 { "topic": str, "partition": int, "offset": int,
   "tstype": "create|logappend|unknown", "ts": int, // timestamp in milliseconds since epoch
   "broker": int,
   "headers": [ "<name>", str, .. ], // optional
   "key": str|json, "payload": str|json,
   "key_error": str, "payload_error": str, //optional
   "key_schema_id": int, "value_schema_id": int //optional
   "key_base64": str, "payload_base64": str // optional: the bytes, when they are not UTF-8
 }
 notes:
   - key_error and payload_error are only included if deserialization fails.
   - key_schema_id and value_schema_id are included for successfully deserialized Avro messages.
   - whatever the bytes are, the line is valid JSON.

Consumer mode (writes messages to stdout):
  ${name} -b <broker> -t <topic> -p <partition>
 or:
  ${name} -C -b ...

High-level KafkaConsumer mode:
  ${name} -b <broker> -G <group-id> topic1 top2 ^aregex\\d+

Producer mode (reads messages from stdin):
  ... | ${name} -b <broker> -t <topic> -p <partition>
 or:
  ${name} -P -b ...

Metadata listing:
  ${name} -L -b <broker> [-t <topic>]

Query offset by timestamp:
  ${name} -Q -b broker -t <topic>:<partition>:<timestamp>

`
