"""CLIENT BOOTSTRAP TOPIC: makes the topic, writes in each way, reads all in a group; prints what became of it as JSON."""
import asyncio
import json
import sys

values = [b"value %d" % i for i in range(100)]
headers = [("header", b"of all")]


def kafka_python(bootstrap, topic):
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
    from kafka.admin import NewTopic

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, 3, 1)])
    written = 0
    for options in ({}, {"compression_type": "gzip"}, {"acks": "all", "enable_idempotence": True}):
        producer = KafkaProducer(bootstrap_servers=bootstrap, **options)
        sent = [producer.send(topic, key=value, value=value, headers=headers) for value in values]
        written += len([one.get(30) for one in sent])
        producer.close()
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=topic, auto_offset_reset="earliest")
    read = []
    while len(read) < written:
        for records in consumer.poll(timeout_ms=30_000).values():
            read += [record for record in records if record.headers == headers]
    consumer.commit()
    consumer.close()
    committed = admin.list_group_offsets(topic)[topic]
    admin.delete_topics([topic])
    gone = topic not in admin.list_topics()
    admin.close()
    return result(written, read, committed, gone)


async def aiokafka(bootstrap, topic):
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, 1)])
    written = 0
    for options in ({}, {"compression_type": "gzip"}, {"enable_idempotence": True}):
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **options)
        await producer.start()
        sent = [await producer.send(topic, key=value, value=value, headers=headers) for value in values]
        written += len(await asyncio.gather(*sent))
        await producer.stop()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=topic, auto_offset_reset="earliest")
    await consumer.start()
    read = []
    while len(read) < written:
        for records in (await consumer.getmany(timeout_ms=30_000)).values():
            read += [record for record in records if list(record.headers) == headers]
    await consumer.commit()
    await consumer.stop()
    committed = await admin.list_consumer_group_offsets(topic)
    await admin.delete_topics([topic])
    gone = topic not in await admin.list_topics()
    await admin.close()
    return result(written, read, committed, gone)


def result(written, read, committed, gone):
    return {
        "written": written,
        "read": len({(record.partition, record.offset) for record in read}),
        "values": len({record.value for record in read}),
        "committed": sum(partition.offset for partition in committed.values()),
        "gone": gone,
    }


client, bootstrap, topic = sys.argv[1:]
found = kafka_python(bootstrap, topic) if client == "kafka-python" else asyncio.run(aiokafka(bootstrap, topic))
print(json.dumps(found))
