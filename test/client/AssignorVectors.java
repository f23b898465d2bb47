// Asks the assignors of Kafka 4.3.1's Java consumer what they give to random groups.
// kafka javac AssignorVectors.java C; REAL_KAFKA_CP=C kafka class AssignorVectors > assignor-vectors.jsonl (here compressed with gzip -9n)
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;

public class AssignorVectors {
  public static void main(String[] args) throws Exception {
    var random = new Random(7);
    var json = new ObjectMapper();
    for (int group = 0; group < 80; group++) {
      AbstractPartitionAssignor assignor = group % 2 == 0 ? new RangeAssignor() : new RoundRobinAssignor();
      var counts = new TreeMap<String, Integer>();
      int n = 1 + random.nextInt(6);
      for (int i = 0; i < n; i++) counts.put("topic" + random.nextInt(20), random.nextInt(9));
      var names = new ArrayList<>(counts.keySet());
      var members = new ArrayList<Map<String, Object>>();
      var subscriptions = new TreeMap<String, Subscription>();
      int size = 1 + random.nextInt(7);
      for (int i = 0; i < size; i++) {
        Collections.shuffle(names, random);
        var topics = new ArrayList<>(group % 4 < 2 ? counts.keySet() : names.subList(0, random.nextInt(names.size() + 1)));
        var id = "client-" + (char) ('a' + random.nextInt(26)) + (char) ('A' + random.nextInt(26)) + "-" + i;
        var instanceId = random.nextInt(3) == 0 ? "instance-" + random.nextInt(1000) + "-" + i : null;
        var subscription = new Subscription(topics);
        subscription.setGroupInstanceId(Optional.ofNullable(instanceId));
        subscriptions.put(id, subscription);
        var member = new LinkedHashMap<String, Object>();
        member.put("memberId", id); member.put("groupInstanceId", instanceId); member.put("topics", topics);
        members.add(member);
      }
      var expected = new TreeMap<String, List<String>>();
      assignor.assign(counts, subscriptions).forEach((id, given) ->
          expected.put(id, given.stream().map(tp -> tp.topic() + "-" + tp.partition()).sorted().toList()));
      var line = new LinkedHashMap<String, Object>();
      line.put("assignor", assignor.name()); line.put("topics", counts); line.put("members", members); line.put("expected", expected);
      System.out.println(json.writeValueAsString(line));
    }
  }
}
