/** Lines of standard error that kcat and `ottla` mean to say in other ways, each with its reason. */
export interface LineDifference {
  /** What kcat alone says. */
  readonly kcat?: readonly string[]
  /** What `ottla` alone says. */
  readonly ottla?: readonly string[]
  readonly why: string
  /** It depends on the moment whether it is said. */
  readonly sometimes?: boolean
}

/** Where the address is refused. librdkafka writes its log to standard error, whatever kcat's verbosity is. */
export const refusedOf = (client: 'producer' | 'consumer'): LineDifference => ({
  kcat: [
    `%3|TIME|FAIL|rdkafka#${client}-1| [thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after Nms in state CONNECT)`,
  ],
  why: "librdkafka's log is no part of kcat",
})

export const refused = (client: 'producer' | 'consumer'): LineDifference => ({
  ...refusedOf(client),
  ottla: [
    '% ERROR: Local: Broker transport failure: Nothing listens at 127.0.0.1:1 (ECONNREFUSED)',
  ],
  why: "librdkafka's log is no part of kcat: a `% ERROR` line says the same in its place",
})

export const refusedAgain: LineDifference = {
  kcat: [
    '% ERROR: Local: Broker transport failure: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after Nms in state CONNECT)',
  ],
  why: 'kcat says it twice, once in the log',
}

export const transactionRetries: readonly LineDifference[] = [
  'Coordinator not available',
  'Not coordinator',
  'Coordinator load in progress',
].map((reason) => ({
  kcat: [
    `%4|TIME|GETPID|rdkafka#producer-1| [thrd:main]: Failed to acquire transactional PID from broker TxnCoordinator/1: Broker: ${reason}: retrying`,
  ],
  why: "librdkafka's log of each attempt, as often as time allows",
  sometimes: true,
}))

/** kcat finds out before it sends or after, whichever is first: its metadata or the message. */
export const unknownPartition: LineDifference = {
  kcat: [
    '% ERROR: Failed to produce message (1 bytes): Local: Unknown partition',
    '% Delivery failed for message: Local: Unknown partition',
  ],
  ottla: ['% Delivery failed for message: Local: Unknown partition'],
  why: 'kcat says one or the other, as its metadata are there in time or not',
  sometimes: true,
}

export const invalidAcks: LineDifference = {
  kcat: ['% ERROR: Invalid value for configuration property "request.required.acks"'],
  ottla: ['% ERROR: Invalid value "maybe" for configuration property "acks"'],
  why: 'we show the value, and the name that was given in place of its synonym',
}

/** Where the offset that was asked for is not there. */
export const reset = (to: 'END' | 'BEGINNING'): LineDifference => ({
  kcat: [
    `%4|TIME|OFFSET|rdkafka#consumer-1| [thrd:main]: seed [1]: offset reset (at offset 99, broker 1) to ${to}: fetch failed due to requested offset not available on the broker: Broker: Offset out of range`,
  ],
  why: "librdkafka's log is no part of kcat",
})

export const outOfRange: LineDifference = {
  kcat: [
    '% ERROR: Topic seed [1] error: fetch failed due to requested offset not available on the broker: Broker: Offset out of range (broker 1)',
  ],
  ottla: [
    '% ERROR: Consumer error: Broker: Offset out of range: Fetching seed-1 at 99: OFFSET_OUT_OF_RANGE (1)',
  ],
  why: 'we name the offset',
}

export const limit: LineDifference = {
  kcat: ['% ERROR: Input is too large, maximum size is 1001'],
  ottla: ['% ERROR: Input is too large, maximum size is 1000'],
  why: 'kcat counts one byte more, which it does not take either',
}

export const offsetReports: LineDifference = {
  kcat: ["% Enable message offset reporting with '-X topic.produce.offset.report=true'"],
  why: 'kcat takes offset 0 for one that was not reported',
}

export const invalidTopic: LineDifference = {
  kcat: ['% Delivery failed for message: Broker: Invalid topic'],
  ottla: ['% ERROR: Failed to produce to topic bad/name: Broker: Invalid topic'],
  why: 'nothing is read for a topic that cannot be',
}

export const noAvro: LineDifference = {
  kcat: ['% ERROR: This build of kcat lacks Avro/Schema-Registry support'],
  ottla: ['% ERROR: -s avro requires -r <sr_url>'],
  why: 'Debian builds kcat without Avro; these are the words of one with it',
}

/** The usage, which is shown when a command line is wrong. */
export const usage: readonly LineDifference[] = [
  {
    kcat: [
      'kcat - Apache Kafka producer and consumer tool',
      'https://github.com/edenhill/kcat',
      'Copyright (c) 2014-2021, Magnus Edenhill',
      'Version 1.7.1 (JSON, Transactions, IncrementalAssign, librdkafka 2.0.2 builtin.features=gzip,snappy,ssl,sasl,regex,lz4,sasl_gssapi,sasl_plain,sasl_scram,plugins,zstd,sasl_oauthbearer)',
    ],
    ottla: [
      'ottla VERSION - kcat-compatible Apache Kafka producer and consumer tool (JSON, Avro, Transactions)',
    ],
    why: 'it is another program',
  },
  {
    kcat: [
      'General options:',
      '  -C | -P | -L | -Q  Mode: Consume, Produce, Metadata List, Query mode',
      '  -G <group-id>      Mode: High-level KafkaConsumer (Kafka >=0.9 balanced consumer groups)',
      '                     Expects a list of topics to subscribe to',
    ],
    ottla: [
      'Mode:',
      '  -P                 Producer',
      '  -C                 Consumer',
      '  -G <group-id>      High-level KafkaConsumer (Kafka >=0.9 balanced consumer groups)',
      '  -L                 Metadata List',
      '  -Q                 Query mode',
      '  -M <broker-cnt>    Run a cluster of so many brokers for a test, until stdin closes',
      'General options for most modes:',
    ],
    why: 'the modes as kcat 1.8 lists them, which has -M',
  },
  {
    kcat: [
      '                     all,generic,broker,topic,metadata,feature,queue,msg,protocol,cgrp,security,fetch,interceptor,plugin,consumer,admin,eos,mock,assignor,conf',
    ],
    ottla: ["                     accepted, shows the client's log on stderr"],
    why: 'the contexts are parts of librdkafka',
  },
  {
    ottla: [
      "                       avro       - Avro in the frame of Confluent's serializers,",
      '                                    its schema by -r. Printed as JSON.',
      '  -r <url>           Schema registry, or SCHEMA_REGISTRY_URL; the URL may',
      '                     carry user:password@. Avro schemas and their references;',
      '                     JSON Schema and Protobuf are not decoded',
    ],
    why: 'Debian builds kcat without Avro',
  },
  {
    kcat: ['  -O                 Print message offset using -K delimiter'],
    ottla: ['  -O                 Accepted; does nothing, as in kcat'],
    why: 'it does nothing in kcat, though the help says so (cli.md §1.6)',
  },
  {
    ottla: [
      'Beyond kcat:',
      '  --timeout <seconds>   Give up after this time, exit code 1',
      '  --grep <[!]regex>     Only records whose value matches; k:regex the key, h:NAME=regex',
      '                        a header; ! in front turns it around. Repeatable',
      '  --rate <n>            Produce at most n messages a second',
      '  --partitioner <name>  murmur2_random (as Java), consistent_random (default), ..',
      '  --encoding <how>      base64 or hex keys, values and headers with -J, either way',
      '  --headers <how>       flat or map, with -J',
      '  --embed-json          A payload that is JSON stands in -J as JSON, not as a string',
      '  --debug               Show where an error comes from',
      '  -J with -P            Reads what -C -J wrote: key, payload, headers, partition, ts',
      '  -o s@-10m  e@..       Times may be ISO 8601 (2026-11-22T10:00) or relative (-10m, -3d)',
      '  -f %x{s} %b{k} %j{s}  Value or key (s, k) in hexadecimal, base64, as a JSON string',
      '  -f %F %H{name} %B     Timestamp in ISO 8601, value of one header, id of the broker',
      '  Every letter has a long name too: --topic, --brokers, --offset, ..',
    ],
    why: 'our additions',
  },
  {
    kcat: ['   "headers": { "<name>": str, .. }, // optional'],
    ottla: ['   "headers": [ "<name>", str, .. ], // optional'],
    why: 'kcat prints a flat array as well: its help is wrong',
  },
  {
    ottla: [
      '   "key_base64": str, "payload_base64": str // optional: the bytes, when they are not UTF-8',
      '   - whatever the bytes are, the line is valid JSON.',
    ],
    why: 'kcat writes JSON that is not valid for bytes that are not UTF-8',
  },
]
