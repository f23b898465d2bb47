// Runs the main classes of Kafka's own tools one after the other in this one process, because a process for each costs a
// second of start-up. stdin: {main, args, input} a line; stdout: {exit, out, err} a line.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Exit;

public class ToolRunner {
    /** Goes to whatever is collected now: Scala and log4j keep the stream that they find first. */
    static final class Switched extends OutputStream {
        private ByteArrayOutputStream collected = new ByteArrayOutputStream();

        @Override public synchronized void write(int b) {
            collected.write(b);
        }

        @Override public synchronized void write(byte[] bytes, int from, int length) {
            collected.write(bytes, from, length);
        }

        synchronized String take() {
            String text = collected.toString(StandardCharsets.UTF_8);
            collected = new ByteArrayOutputStream();
            return text;
        }
    }

    static final class Exited extends Error {
        Exited() {
            super("exit", null, false, false);
        }
    }

    static Integer exitCode;

    static void exit(int code, String message) {
        if (exitCode == null) exitCode = code;
        throw new Exited();
    }

    static int run(String main, String[] args) {
        exitCode = null;
        try {
            Class.forName(main).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof Exited)) {
                System.err.println("Exception in thread \"main\" " + e.getCause());
                return 1;
            }
        } catch (ReflectiveOperationException e) {
            System.err.println(e);
            return 127;
        }
        return exitCode == null ? 0 : exitCode;
    }

    public static void main(String[] unused) throws Exception {
        ObjectMapper json = new ObjectMapper();
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Switched out = new Switched();
        Switched err = new Switched();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        Exit.setExitProcedure(ToolRunner::exit);
        Exit.setHaltProcedure(ToolRunner::exit);
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            JsonNode command = json.readTree(line);
            System.setIn(new ByteArrayInputStream(command.get("input").asText().getBytes(StandardCharsets.UTF_8)));
            String[] args = json.convertValue(command.get("args"), String[].class);
            int code = run(command.get("main").asText(), args);
            ObjectNode answer = json.createObjectNode();
            answer.put("exit", code).put("out", out.take()).put("err", err.take());
            answers.println(json.writeValueAsString(answer));
        }
        Runtime.getRuntime().halt(0);
    }
}
