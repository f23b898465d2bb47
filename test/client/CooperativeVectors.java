// Asks Kafka 4.3.1's cooperative-sticky assignor what members that own something should have in the end.
// kafka javac CooperativeVectors.java C; REAL_KAFKA_CP=C kafka class CooperativeVectors > cooperative-vectors.jsonl (here compressed with gzip -9n)
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.TopicPartition;

public class CooperativeVectors {
  public static void main(String[] args) throws Exception {
    var random = new Random(11);
    var json = new ObjectMapper();
    for (int group = 0; group < 120; group++) {
      var counts = new TreeMap<String, Integer>();
      int n = 1 + random.nextInt(4);
      for (int i = 0; i < n; i++) counts.put("topic" + i, 1 + random.nextInt(12));
      var names = new ArrayList<>(counts.keySet());
      int size = 1 + random.nextInt(6);
      boolean same = group % 2 == 0;
      var topics = new ArrayList<List<String>>();
      for (int i = 0; i < size; i++) {
        Collections.shuffle(names, random);
        topics.add(same ? new ArrayList<>(counts.keySet()) : new ArrayList<>(names.subList(0, 1 + random.nextInt(n))));
      }
      counts.keySet().retainAll(topics.stream().flatMap(List::stream).toList());
      // Some partitions have no owner, and some members are new.
      var owned = new ArrayList<List<TopicPartition>>();
      for (int i = 0; i < size; i++) owned.add(new ArrayList<>());
      int old = random.nextInt(size + 1);
      for (var topic : counts.entrySet())
        for (int p = 0; p < topic.getValue(); p++) {
          if (old == 0 || random.nextInt(8) == 0) continue;
          int owner = random.nextInt(old);
          if (topics.get(owner).contains(topic.getKey())) owned.get(owner).add(new TopicPartition(topic.getKey(), p));
        }
      var subscriptions = new TreeMap<String, Subscription>();
      var members = new ArrayList<Map<String, Object>>();
      for (int i = 0; i < size; i++) {
        var id = "member-" + i;
        subscriptions.put(id, new Subscription(topics.get(i), null, owned.get(i), 3, Optional.empty()));
        var member = new LinkedHashMap<String, Object>();
        member.put("memberId", id); member.put("topics", topics.get(i)); member.put("owned", owned.get(i).stream().map(TopicPartition::toString).toList());
        members.add(member);
      }
      var expected = new TreeMap<String, List<String>>();
      // What has to move is given to nobody in a round, and is free in the next.
      for (int round = 0; round < 5; round++) {
        int generation = 4 + round;
        new CooperativeStickyAssignor().assign(counts, subscriptions).forEach((id, given) -> {
          expected.put(id, given.stream().map(TopicPartition::toString).sorted().toList());
          subscriptions.put(id, new Subscription(subscriptions.get(id).topics(), null, given, generation, Optional.empty()));
        });
      }
      var line = new LinkedHashMap<String, Object>();
      line.put("topics", counts); line.put("members", members); line.put("expected", expected);
      System.out.println(json.writeValueAsString(line));
    }
  }
}
