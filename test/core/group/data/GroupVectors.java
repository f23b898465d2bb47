// Asks Kafka 4.3.1's own classes: what its server-side assignors give for random groups, and XXH3 of random bytes.
// kafka javac GroupVectors.java C; REAL_KAFKA_CP=C kafka class GroupVectors DIR
// (writes DIR/assignors.jsonl, DIR/xxh3.jsonl; they are here compressed with gzip -9n).
import com.dynatrace.hash4j.hashing.Hashing;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.*;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMemberValue;
import org.apache.kafka.coordinator.group.modern.*;

public class GroupVectors {
  static final Random random = new Random(42);
  static final ObjectMapper json = new ObjectMapper();

  /** Racks are drawn apart from the rest: Kafka 4.3.1's assignors are given them and do not look at them. */
  static final Random racks = new Random(43);

  static int racksAsked = 0;

  static Optional<String> rack() {
    return racks.nextInt(4) == 0 ? Optional.empty() : Optional.of("rack-" + racks.nextInt(3));
  }

  static Set<String> someRacks() {
    var some = new TreeSet<String>();
    for (int i = 0; i < 3; i++) rack().ifPresent(some::add);
    return some;
  }

  record Member(String id, String instanceId, List<String> topics, TreeMap<String, List<Integer>> assigned) {}

  static String uuid() {
    Uuid id;
    do id = new Uuid(random.nextLong(), random.nextLong()); while (id.toString().startsWith("-"));
    return id.toString();
  }

  static Assignment assignment(Map<String, List<Integer>> of) {
    var record = new ConsumerGroupTargetAssignmentMemberValue();
    of.forEach((topic, partitions) -> record.topicPartitions().add(
        new ConsumerGroupTargetAssignmentMemberValue.TopicPartition().setTopicId(Uuid.fromString(topic)).setPartitions(partitions)));
    return Assignment.fromRecord(record);
  }

  static TreeMap<String, TreeMap<String, List<Integer>>> assign(ConsumerGroupPartitionAssignor assignor, boolean homogeneous, Map<String, Integer> topics, List<Member> members) {
    Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
    Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
    for (Member m : members) {
      Set<Uuid> ids = new LinkedHashSet<>();
      for (String t : m.topics()) ids.add(Uuid.fromString(t));
      specs.put(m.id(), new MemberSubscriptionAndAssignmentImpl(rack(), Optional.ofNullable(m.instanceId()), ids, assignment(m.assigned())));
      m.assigned().forEach((t, ps) -> ps.forEach(p -> inverted.computeIfAbsent(Uuid.fromString(t), k -> new HashMap<>()).put(p, m.id())));
    }
    var result = assignor.assign(
        new GroupSpecImpl(Collections.unmodifiableMap(specs), homogeneous ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS, inverted),
        new SubscribedTopicDescriber() {
          public int numPartitions(Uuid id) { return topics.getOrDefault(id.toString(), -1); }
          public Set<String> racksForPartition(Uuid id, int p) { racksAsked++; return someRacks(); }
          public Set<Integer> assignablePartitions(Uuid id) { var s = new HashSet<Integer>(); for (int i = 0; i < numPartitions(id); i++) s.add(i); return s; }
        });
    var out = new TreeMap<String, TreeMap<String, List<Integer>>>();
    for (Member m : members) {
      var mine = new TreeMap<String, List<Integer>>();
      var given = result.members().get(m.id());
      if (given != null) given.partitions().forEach((t, ps) -> mine.put(t.toString(), ps.stream().sorted().toList()));
      out.put(m.id(), mine);
    }
    return out;
  }

  public static void main(String[] args) throws Exception {
    try (var out = new PrintWriter(args[0] + "/assignors.jsonl")) {
      for (int group = 0; group < 60; group++) {
        boolean uniform = group % 3 != 2, homogeneous = group % 2 == 0;
        ConsumerGroupPartitionAssignor assignor = uniform ? new UniformAssignor() : new RangeAssignor();
        var topics = new LinkedHashMap<String, Integer>();
        int n = 1 + random.nextInt(12);
        for (int i = 0; i < n; i++) topics.put(uuid(), 1 + random.nextInt(random.nextInt(4) == 0 ? 200 : 30));
        var all = new ArrayList<>(topics.keySet());
        var common = new ArrayList<>(all.subList(0, 1 + random.nextInt(n)));
        List<Member> members = new ArrayList<>();
        for (int step = 0; step < 5; step++) {
          for (int i = members.size() - 1; i >= 0; i--) if (random.nextInt(4) == 0) members.remove(i);
          int joining = random.nextInt(8) + (members.isEmpty() ? 1 : 0);
          if (step == 0 && group % 10 == 0) joining = 40;
          for (int i = 0; i < joining; i++)
            members.add(new Member(uuid(), random.nextInt(3) == 0 ? "instance-" + random.nextInt(1000000) : null, common, new TreeMap<>()));
          if (homogeneous && random.nextInt(3) == 0) { Collections.shuffle(all, random); common = new ArrayList<>(all.subList(0, 1 + random.nextInt(n))); }
          var changed = new ArrayList<Member>();
          for (Member m : members) {
            List<String> subscribed = common;
            if (!homogeneous) { if (random.nextInt(3) > 0 && !m.assigned().isEmpty()) subscribed = m.topics(); else { Collections.shuffle(all, random); subscribed = new ArrayList<>(all.subList(0, random.nextInt(n + 1))); } }
            changed.add(new Member(m.id(), m.instanceId(), subscribed, m.assigned()));
          }
          members = changed;
          var expected = assign(assignor, homogeneous, topics, members);
          var line = new LinkedHashMap<String, Object>();
          line.put("assignor", assignor.name()); line.put("homogeneous", homogeneous); line.put("topics", topics); line.put("members", members); line.put("expected", expected);
          out.println(json.writeValueAsString(line));
          var next = new ArrayList<Member>();
          for (Member m : members) next.add(new Member(m.id(), m.instanceId(), m.topics(), expected.get(m.id())));
          members = next;
        }
      }
    }
    if (racksAsked > 0) throw new IllegalStateException("The assignors look at racks now");
    try (var out = new PrintWriter(args[0] + "/xxh3.jsonl")) {
      for (int length : new int[] {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 127, 128, 129, 159, 160, 161, 239, 240, 241, 255, 256, 257, 511, 512, 1023, 1024, 1025, 1087, 1088, 1089, 2048, 5000}) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        out.println(json.writeValueAsString(Map.of("hex", HexFormat.of().formatHex(bytes), "hash", Long.toString(Hashing.xxh3_64().hashBytesToLong(bytes)))));
      }
    }
  }
}
