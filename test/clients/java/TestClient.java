// Kafka's own Java client behind the line protocol that ../README.md describes.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class TestClient {
    static final ObjectMapper json = new ObjectMapper();
    static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    static final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    static byte[] decode(JsonNode text) {
        return text == null || text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }

    static String encode(byte[] data) {
        return data == null ? null : Base64.getEncoder().encodeToString(data);
    }

    static synchronized void say(ObjectNode line) {
        out.println(line.toString());
    }

    static void show(ConsumerRecord<byte[], byte[]> r) {
        ObjectNode line = json.createObjectNode().put("topic", r.topic()).put("partition", r.partition()).put("offset", r.offset())
            .put("timestamp", r.timestamp())
            .put("timestampType", r.timestampType() == TimestampType.LOG_APPEND_TIME ? "append" : "create")
            .put("key", encode(r.key())).put("value", encode(r.value()));
        ArrayNode headers = line.putArray("headers");
        for (Header h : r.headers()) headers.addArray().add(h.key()).add(encode(h.value()));
        say(line);
    }

    static Properties settings(String bootstrap) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("key.serializer", ByteArraySerializer.class);
        p.put("value.serializer", ByteArraySerializer.class);
        p.put("key.deserializer", ByteArrayDeserializer.class);
        p.put("value.deserializer", ByteArrayDeserializer.class);
        return p;
    }

    static void produce(String bootstrap, String topic, String codec) throws Exception {
        Properties p = settings(bootstrap);
        if (!codec.equals("none")) p.put("compression.type", codec);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p)) {
            for (String line; (line = in.readLine()) != null;) {
                JsonNode r = json.readTree(line);
                List<Header> headers = new ArrayList<>();
                for (JsonNode h : r.get("headers")) headers.add(new RecordHeader(h.get(0).asText(), decode(h.get(1))));
                Long timestamp = r.hasNonNull("timestamp") ? r.get("timestamp").asLong() : null;
                sent.add(producer.send(new ProducerRecord<>(topic, r.get("partition").asInt(), timestamp, decode(r.get("key")), decode(r.get("value")), headers)));
            }
            for (Future<RecordMetadata> one : sent) {
                try {
                    RecordMetadata m = one.get(40, TimeUnit.SECONDS);
                    say(json.createObjectNode().put("partition", m.partition()).put("offset", m.offset()));
                } catch (Exception e) {
                    say(json.createObjectNode().put("error", String.valueOf(e.getCause() == null ? e : e.getCause())));
                }
            }
        }
    }

    static void consume(String bootstrap, String text) throws Exception {
        Map<TopicPartition, Long> ends = new HashMap<>();
        json.readTree(text).properties().forEach(topic -> topic.getValue().properties().forEach(e -> {
            if (e.getValue().asLong() > 0) ends.put(new TopicPartition(topic.getKey(), Integer.parseInt(e.getKey())), e.getValue().asLong());
        }));
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(bootstrap))) {
            consumer.assign(ends.keySet());
            consumer.seekToBeginning(ends.keySet());
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
            while (!ends.isEmpty()) {
                if (System.nanoTime() > until) throw new IllegalStateException("not all came within 40 s; still open: " + ends);
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofSeconds(1))) {
                    show(r);
                    TopicPartition at = new TopicPartition(r.topic(), r.partition());
                    if (ends.containsKey(at) && r.offset() + 1 >= ends.get(at)) ends.remove(at);
                }
            }
        }
    }

    static volatile boolean ended = false;

    static void watchStdin() {
        Thread t = new Thread(() -> {
            try {
                while (in.readLine() != null) { }
            } catch (IOException e) {
                // The same as the end.
            }
            ended = true;
        });
        t.setDaemon(true);
        t.start();
    }

    /** Numbers from 0 on, idempotently (the default), until stdin closes. */
    static void sequence(String bootstrap, String topic) throws Exception {
        watchStdin();
        Properties p = settings(bootstrap);
        p.put("delivery.timeout.ms", 90000);
        p.put("reconnect.backoff.max.ms", 200);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p)) {
            for (int n = 0; !ended; n++) {
                int number = n;
                producer.send(new ProducerRecord<>(topic, 0, null, String.valueOf(n).getBytes()), (m, e) ->
                    say(e == null ? json.createObjectNode().put("number", number).put("offset", m.offset()) : json.createObjectNode().put("error", e.toString())));
                if (n % 20 == 0) Thread.sleep(5);
            }
        }
    }

    static void group(String bootstrap, String topic, String id, String protocol) throws Exception {
        watchStdin();
        Properties p = settings(bootstrap);
        p.put("group.id", id);
        p.put("group.protocol", protocol);
        p.put("auto.offset.reset", "earliest");
        p.put("enable.auto.commit", "false");
        p.put("metadata.max.age.ms", "1000");
        if (protocol.equals("classic")) {
            p.put("session.timeout.ms", "6000");
            p.put("heartbeat.interval.ms", "500");
        }
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p)) {
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                void tell(String what, Collection<TopicPartition> partitions) {
                    ObjectNode line = json.createObjectNode();
                    ArrayNode list = line.putArray(what);
                    partitions.forEach(x -> list.add(x.partition()));
                    say(line);
                }
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) { tell("assigned", partitions); }
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) { tell("revoked", partitions); }
            });
            while (!ended) {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) show(r);
                try {
                    consumer.commitSync(Duration.ofSeconds(10));
                } catch (Exception e) {
                    say(json.createObjectNode().put("warning", e.toString()));
                }
            }
        }
    }

    public static void main(String[] a) throws Exception {
        switch (a[0]) {
            case "produce" -> produce(a[1], a[2], a[3]);
            case "consume" -> consume(a[1], a[2]);
            case "sequence" -> sequence(a[1], a[2]);
            case "group" -> group(a[1], a[2], a[3], a.length > 4 ? a[4] : "classic");
            default -> throw new IllegalArgumentException(a[0]);
        }
    }
}
