"""What Java's perf tools measure, with librdkafka (confluent-kafka). Prints one JSON object of figures.

    perf.py produce|consume|latency BOOTSTRAP TOPIC RECORDS RECORD_BYTES

`consume` first writes what it reads. An answer that does not come within 30 s ends the program with 1.
"""

import json
import resource
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition

PATIENCE_S = 30
BATCH = 1000
QUEUED_MAX = 100_000


def value_of(size):
    return (b"the quick brown fox jumps over the lazy dog " * (size // 44 + 1))[:size]


class Load:
    """Writes records, many in flight, and fails with the first that is refused."""

    def __init__(self, bootstrap, topic):
        self.topic = topic
        self.error = None
        self.producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": 1,
                "linger.ms": 5,
                "batch.size": 65536,
                "queue.buffering.max.messages": QUEUED_MAX + BATCH,
                "delivery.report.only.error": True,
                "message.timeout.ms": PATIENCE_S * 1000,
            }
        )

    def refused(self, error, _message):
        if error is not None:
            self.error = error

    def write(self, records, size):
        value = value_of(size)
        left = records
        while left > 0:
            if self.error is not None:
                sys.exit(f"a record was refused: {self.error}")
            if len(self.producer) > QUEUED_MAX:
                self.producer.poll(0.002)
                continue
            some = [{"value": value} for _ in range(min(BATCH, left))]
            self.producer.produce_batch(self.topic, some, partition=0, on_delivery=self.refused)
            left -= len(some)
        if self.producer.flush(PATIENCE_S) > 0 or self.error is not None:
            sys.exit(f"not everything was acknowledged: {self.error or 'time is up'}")


def rates(records, size, seconds):
    return {
        "recordsPerSecond": records / seconds,
        "megabytesPerSecond": records * size / seconds / 1e6,
    }


def produce(bootstrap, topic, records, size):
    load = Load(bootstrap, topic)
    load.write(min(records, 10_000), size)
    start = time.perf_counter()
    load.write(records, size)
    return rates(records, size, time.perf_counter() - start)


def reader(bootstrap, topic, **more):
    settings = {"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False}
    consumer = Consumer({**settings, **more})
    consumer.assign([TopicPartition(topic, 0, 0)])
    return consumer


def consume(bootstrap, topic, records, size):
    Load(bootstrap, topic).write(records, size)
    consumer = reader(bootstrap, topic)
    start = time.perf_counter()
    seen = 0
    while seen < records:
        some = consumer.consume(min(BATCH, records - seen), timeout=PATIENCE_S)
        if not some:
            sys.exit(f"nothing came for {PATIENCE_S} s after {seen} of {records} records")
        for message in some:
            if message.error():
                sys.exit(str(message.error()))
        seen += len(some)
    seconds = time.perf_counter() - start
    consumer.close()
    return rates(seen, size, seconds)


def latency(bootstrap, topic, records, size):
    """From the call of a producer to the record in the hands of a consumer, one at a time."""
    producer = Producer({"bootstrap.servers": bootstrap, "acks": 1, "linger.ms": 0})
    consumer = reader(bootstrap, topic, **{"fetch.wait.max.ms": 100})
    value = value_of(size)
    took = []
    for i in range(records + min(records, 100)):
        start = time.perf_counter()
        producer.produce(topic, value, partition=0)
        producer.poll(0)
        message = consumer.poll(PATIENCE_S)
        if message is None or message.error():
            sys.exit(f"record {i} did not come: {message and message.error()}")
        took.append((time.perf_counter() - start) * 1000)
    producer.flush(PATIENCE_S)
    consumer.close()
    took = sorted(took[-records:])
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
    return {
        "meanMs": sum(took) / len(took),
        "p50Ms": at(0.5),
        "p99Ms": at(0.99),
        "p99.9Ms": at(0.999),
    }


def main():
    command, bootstrap, topic, records, size = sys.argv[1:]
    start = time.perf_counter()
    run = {"produce": produce, "consume": consume, "latency": latency}[command]
    figures = run(bootstrap, topic, int(records), int(size))
    own = resource.getrusage(resource.RUSAGE_SELF)
    share = (own.ru_utime + own.ru_stime) / (time.perf_counter() - start)
    print(json.dumps({**figures, "generatorCpuShare": share}))


main()
