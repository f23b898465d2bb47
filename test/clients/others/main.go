// others CLIENT BOOTSTRAP TOPIC: makes the topic, writes in each way, reads all in a group; prints what became of it as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
)

const count = 100

type result struct {
	Written   int   `json:"written"`
	Read      int   `json:"read"`
	Values    int   `json:"values"`
	Committed int64 `json:"committed"`
	Gone      bool  `json:"gone"`
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func valueOf(i int) string { return fmt.Sprintf("value %d", i) }

type reader struct {
	values map[string]bool
	read   chan *sarama.ConsumerMessage
}

func (r *reader) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (r *reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
		r.read <- message
	}
	return nil
}

func withSarama(ctx context.Context, bootstrap, topic string) result {
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	admin := must(sarama.NewClusterAdmin([]string{bootstrap}, config))
	defer admin.Close()
	check(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1}, false))
	written := 0
	plain, packed, idempotent := *config, *config, *config
	packed.Producer.Compression = sarama.CompressionGZIP
	idempotent.Producer.Idempotent = true
	idempotent.Producer.RequiredAcks = sarama.WaitForAll
	idempotent.Net.MaxOpenRequests = 1
	for _, each := range []*sarama.Config{&plain, &packed, &idempotent} {
		producer := must(sarama.NewSyncProducer([]string{bootstrap}, each))
		for i := range count {
			value := sarama.StringEncoder(valueOf(i))
			_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Key: value, Value: value})
			check(err)
			written++
		}
		check(producer.Close())
	}
	group := must(sarama.NewConsumerGroup([]string{bootstrap}, topic, config))
	reading, stop := context.WithCancel(ctx)
	r := &reader{values: map[string]bool{}, read: make(chan *sarama.ConsumerMessage)}
	ended := make(chan error)
	go func() { ended <- group.Consume(reading, []string{topic}, r) }()
	places := map[string]bool{}
	for len(places) < written {
		select {
		case message := <-r.read:
			places[fmt.Sprint(message.Partition, "/", message.Offset)] = true
			r.values[string(message.Value)] = true
		case <-ctx.Done():
			check(ctx.Err())
		}
	}
	stop()
	check(<-ended)
	check(group.Close())
	committed := int64(0)
	offsets := must(admin.ListConsumerGroupOffsets(topic, map[string][]int32{topic: {0, 1, 2}}))
	for _, block := range offsets.Blocks[topic] {
		committed += block.Offset
	}
	check(admin.DeleteTopic(topic))
	_, still := must(admin.ListTopics())[topic]
	return result{written, len(places), len(r.values), committed, !still}
}

func withKafkaGo(ctx context.Context, bootstrap, topic string) result {
	client := &kafka.Client{Addr: kafka.TCP(bootstrap)}
	configs := []kafka.TopicConfig{{Topic: topic, NumPartitions: 3, ReplicationFactor: 1}}
	check(must(client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: configs})).Errors[topic])
	written := 0
	for _, codec := range []compress.Compression{0, compress.Gzip, compress.Zstd} {
		writer := &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, Balancer: &kafka.Hash{}, Compression: codec}
		messages := []kafka.Message{}
		for i := range count {
			value := []byte(valueOf(i))
			messages = append(messages, kafka.Message{Key: value, Value: value})
		}
		check(writer.WriteMessages(ctx, messages...))
		written += len(messages)
		check(writer.Close())
	}
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, GroupID: topic, Topic: topic, StartOffset: kafka.FirstOffset})
	places, values := map[string]bool{}, map[string]bool{}
	for len(places) < written {
		message := must(reader.ReadMessage(ctx))
		places[fmt.Sprint(message.Partition, "/", message.Offset)] = true
		values[string(message.Value)] = true
	}
	check(reader.Close())
	committed := int64(0)
	asked := &kafka.OffsetFetchRequest{GroupID: topic, Topics: map[string][]int{topic: {0, 1, 2}}}
	for _, partition := range must(client.OffsetFetch(ctx, asked)).Topics[topic] {
		committed += partition.CommittedOffset
	}
	check(must(client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})).Errors[topic])
	gone := true
	// The first goes on for some seconds with the metadata that it has.
	another := &kafka.Client{Addr: client.Addr, Transport: &kafka.Transport{}}
	for _, each := range must(another.Metadata(ctx, &kafka.MetadataRequest{})).Topics {
		gone = gone && each.Name != topic
	}
	return result{written, len(places), len(values), committed, gone}
}

func main() {
	client, bootstrap, topic := os.Args[1], os.Args[2], os.Args[3]
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var found result
	if client == "sarama" {
		found = withSarama(ctx, bootstrap, topic)
	} else {
		found = withKafkaGo(ctx, bootstrap, topic)
	}
	check(json.NewEncoder(os.Stdout).Encode(found))
}
