// franz-go behind the line protocol that ../README.md describes.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type record struct {
	Topic         string       `json:"topic,omitempty"`
	Partition     int32        `json:"partition"`
	Offset        int64        `json:"offset"`
	Timestamp     *int64       `json:"timestamp"`
	TimestampType string       `json:"timestampType"`
	Key           *string      `json:"key"`
	Value         *string      `json:"value"`
	Headers       [][2]*string `json:"headers"`
}

var (
	out   = bufio.NewWriter(os.Stdout)
	outMu sync.Mutex
)

func say(value any) {
	outMu.Lock()
	defer outMu.Unlock()
	line, err := json.Marshal(value)
	check(err)
	out.Write(append(line, '\n'))
	out.Flush()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(text *string) []byte {
	if text == nil {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(*text)
	check(err)
	if data == nil {
		data = []byte{}
	}
	return data
}

func encode(data []byte) *string {
	if data == nil {
		return nil
	}
	text := base64.StdEncoding.EncodeToString(data)
	return &text
}

func show(r *kgo.Record) {
	at := r.Timestamp.UnixMilli()
	kind := "create"
	if r.Attrs.TimestampType() == 1 {
		kind = "append"
	}
	headers := [][2]*string{}
	for _, h := range r.Headers {
		name := h.Key
		headers = append(headers, [2]*string{&name, encode(h.Value)})
	}
	say(record{r.Topic, r.Partition, r.Offset, &at, kind, encode(r.Key), encode(r.Value), headers})
}

func client(bootstrap string, opts ...kgo.Opt) *kgo.Client {
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap)}, opts...)...)
	check(err)
	return c
}

func produce(bootstrap, topic, codec string) {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	c := client(bootstrap, kgo.AllowAutoTopicCreation(), kgo.ProducerBatchCompression(codecs[codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	lines := bufio.NewReader(os.Stdin)
	var records []*kgo.Record
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			var r record
			check(json.Unmarshal(line, &r))
			k := &kgo.Record{Topic: topic, Partition: r.Partition, Key: decode(r.Key), Value: decode(r.Value)}
			if r.Timestamp != nil {
				k.Timestamp = time.UnixMilli(*r.Timestamp)
			}
			for _, h := range r.Headers {
				k.Headers = append(k.Headers, kgo.RecordHeader{Key: *h[0], Value: decode(h[1])})
			}
			records = append(records, k)
		}
		if err != nil {
			break
		}
	}
	failed := map[*kgo.Record]error{}
	for _, result := range c.ProduceSync(ctx, records...) {
		if result.Err != nil {
			failed[result.Record] = result.Err
		}
	}
	for _, r := range records {
		if err := failed[r]; err != nil {
			say(map[string]any{"error": err.Error()})
		} else {
			say(map[string]any{"partition": r.Partition, "offset": r.Offset})
		}
	}
	c.Close()
}

type place struct {
	topic     string
	partition int32
}

func consume(bootstrap, text string) {
	var wanted map[string]map[int32]int64
	check(json.Unmarshal([]byte(text), &wanted))
	ends := map[place]int64{}
	from := map[string]map[int32]kgo.Offset{}
	for topic, partitions := range wanted {
		from[topic] = map[int32]kgo.Offset{}
		for partition, end := range partitions {
			if end > 0 {
				ends[place{topic, partition}] = end
				from[topic][partition] = kgo.NewOffset().At(0)
			}
		}
	}
	c := client(bootstrap, kgo.ConsumePartitions(from))
	for len(ends) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
		fetches := c.PollFetches(ctx)
		cancel()
		check(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			show(r)
			at := place{r.Topic, r.Partition}
			if end, open := ends[at]; open && r.Offset+1 >= end {
				delete(ends, at)
			}
		})
	}
	c.Close()
}

func stdinEnded() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}

// Numbers from 0 on, idempotently (the default), until stdin closes.
func sequence(bootstrap, topic string) {
	c := client(bootstrap, kgo.AllowAutoTopicCreation(), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MaxBufferedRecords(1000), kgo.ProducerLinger(time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }))
	ended := stdinEnded()
	for number := 0; ended.Err() == nil; number++ {
		value := []byte(strconv.Itoa(number))
		c.Produce(context.Background(), &kgo.Record{Topic: topic, Value: value}, func(r *kgo.Record, err error) {
			if err != nil {
				say(map[string]any{"error": err.Error()})
			} else {
				n, _ := strconv.Atoi(string(r.Value))
				say(map[string]any{"number": n, "offset": r.Offset})
			}
		})
		if number%20 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	check(c.Flush(ctx))
	c.Close()
}

func partitions(of map[string][]int32, topic string) []int32 {
	if of[topic] == nil {
		return []int32{}
	}
	return of[topic]
}

// One member; commits what it has printed; leaves the group when stdin closes.
func group(bootstrap, topic, id string) {
	c := client(bootstrap, kgo.ConsumerGroup(id), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, m map[string][]int32) {
			say(map[string]any{"assigned": partitions(m, topic)})
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, m map[string][]int32) {
			say(map[string]any{"revoked": partitions(m, topic)})
		}))
	ended := stdinEnded()
	for ended.Err() == nil {
		fetches := c.PollFetches(ended)
		fetches.EachError(func(_ string, _ int32, err error) {
			if ended.Err() == nil {
				say(map[string]any{"warning": err.Error()})
			}
		})
		fetches.EachRecord(func(r *kgo.Record) { show(r) })
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if err := c.CommitUncommittedOffsets(ctx); err != nil {
			say(map[string]any{"warning": err.Error()})
		}
		cancel()
	}
	c.Close()
}

func main() {
	a := os.Args[1:]
	switch a[0] {
	case "produce":
		produce(a[1], a[2], a[3])
	case "consume":
		consume(a[1], a[2])
	case "sequence":
		sequence(a[1], a[2])
	case "group":
		group(a[1], a[2], a[3])
	}
}
