"""confluent-kafka (librdkafka) behind the line protocol that ../README.md describes."""

import base64
import json
import sys
import threading

from confluent_kafka import Consumer, Producer, TIMESTAMP_LOG_APPEND_TIME, TopicPartition


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def say(**fields):
    print(json.dumps(fields), flush=True)


def stdin_ended():
    """An event that is set when the caller closes stdin: the sign to stop."""
    ended = threading.Event()

    def wait():
        while sys.stdin.readline():
            pass
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def produce(bootstrap, topic, codec):
    settings = {"bootstrap.servers": bootstrap}
    if codec != "none":
        settings["compression.type"] = codec
    producer = Producer(settings)
    answers = []
    for line in sys.stdin:
        record = json.loads(line)
        answer = {}
        answers.append(answer)

        def delivered(error, message, answer=answer):
            if error is not None:
                answer["error"] = f"{error.name()}: {error.str()}"
            else:
                answer.update(partition=message.partition(), offset=message.offset())

        more = {"timestamp": record["timestamp"]} if record.get("timestamp") is not None else {}
        producer.produce(
            topic,
            key=decode(record["key"]),
            value=decode(record["value"]),
            headers=[(name, decode(value)) for name, value in record["headers"]],
            partition=record["partition"],
            on_delivery=delivered,
            **more,
        )
        producer.poll(0)
    if producer.flush(40) > 0:
        sys.exit("not everything was delivered within 40 s")
    for answer in answers:
        say(**answer)


def show(message):
    kind, timestamp = message.timestamp()
    say(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp=timestamp,
        timestampType="append" if kind == TIMESTAMP_LOG_APPEND_TIME else "create",
        key=encode(message.key()),
        value=encode(message.value()),
        headers=[[name, encode(value)] for name, value in message.headers() or []],
    )


def consume(bootstrap, wanted):
    ends = {
        (topic, int(partition)): end
        for topic, partitions in json.loads(wanted).items()
        for partition, end in partitions.items()
        if end > 0
    }
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "not-used"})
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in ends])
    while ends:
        message = consumer.poll(40)
        if message is None:
            sys.exit(f"nothing came for 40 s; still open: {ends}")
        if message.error():
            sys.exit(str(message.error()))
        show(message)
        at = (message.topic(), message.partition())
        if message.offset() + 1 >= ends.get(at, 0):
            ends.pop(at, None)
    consumer.close()


def sequence(bootstrap, topic):
    """Numbers from 0 on, idempotently, until stdin closes; every acknowledged one is printed."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 1,
            "reconnect.backoff.max.ms": 200,
            "retry.backoff.max.ms": 200,
            "message.timeout.ms": 60000,
        }
    )
    ended = stdin_ended()
    number = 0

    def delivered(error, message):
        if error is not None:
            say(error=f"{error.name()}: {error.str()}")
        else:
            say(number=int(message.value()), offset=message.offset())

    while not ended.is_set():
        if len(producer) < 1000:
            producer.produce(topic, str(number).encode(), partition=0, on_delivery=delivered)
            number += 1
            if number % 20 == 0:
                producer.poll(0.01)
        else:
            producer.poll(0.01)
    if producer.flush(60) > 0:
        sys.exit("not everything was delivered within 60 s")


def group(bootstrap, topic, group_id, protocol="classic"):
    """One member; commits what it has printed; leaves the group when stdin closes."""
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": group_id,
        "group.protocol": protocol,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "topic.metadata.refresh.interval.ms": 1000,
    }
    if protocol == "classic":
        settings["session.timeout.ms"] = 6000
        settings["heartbeat.interval.ms"] = 500
    consumer = Consumer(settings)
    consumer.subscribe(
        [topic],
        on_assign=lambda _, parts: say(assigned=[p.partition for p in parts]),
        on_revoke=lambda _, parts: say(revoked=[p.partition for p in parts]),
    )
    ended = stdin_ended()
    while not ended.is_set():
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            say(warning=str(message.error()))
            continue
        show(message)
        try:
            consumer.commit(message, asynchronous=False)
        except Exception as error:  # A rebalance: the next owner reads the record again.
            say(warning=str(error))
    consumer.close()


{"produce": produce, "consume": consume, "sequence": sequence, "group": group}[sys.argv[1]](
    *sys.argv[2:]
)
