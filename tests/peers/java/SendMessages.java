import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.app.Initiator;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Sends messages with HAPI's own MLLP client and judges every acknowledgement: code, the id that it answers, and the place of what was
 * wrong. Arguments: host, port, messages, connections, a prefix of their ids. Writes a line for each kind and code, then what was not right.
 */
public class SendMessages {
  /** kind → what must come back: MSA-1, and ERR-2 as segment and field */
  enum Kind {
    GOOD("AA", null),
    KEPT("CA", null),
    BAD_DATE("AE", "PID 7"),
    NO_IDENTIFIER("AE", "PID 3"),
    UNKNOWN_EVENT("AR", "MSH 9"),
    KEPT_NOT("CE", "PID 7");

    final String code;
    final String place;

    Kind(String code, String place) {
      this.code = code;
      this.place = place;
    }

    static Kind of(int n) {
      if (n % 10 == 3) return BAD_DATE;
      if (n % 25 == 7) return NO_IDENTIFIER;
      if (n % 25 == 8) return UNKNOWN_EVENT;
      if (n % 10 == 5) return KEPT;
      if (n % 50 == 9) return KEPT_NOT;
      return GOOD;
    }
  }

  static String text(Kind kind, String id, int n) {
    String event = kind == Kind.UNKNOWN_EVENT ? "ADT^A99" : "ADT^A01^ADT_A01";
    String mode = kind == Kind.KEPT || kind == Kind.KEPT_NOT ? "|||AL|NE" : "";
    String born = kind == Kind.BAD_DATE || kind == Kind.KEPT_NOT ? "19850399" : "19850317";
    String identifier = kind == Kind.NO_IDENTIFIER ? "" : "PEER-" + n % 500 + "^^^EAST&urn:medshare:east:citizen&URI^NI";
    return String.join(
        "\r",
        "MSH|^~\\&|HAPI|PEER|MEDSHARE|HARBOR|20260105091500+0800||" + event + "|" + id + "|P|2.5" + mode,
        "EVN|A01|20260105091200+0800",
        "PID|1||" + identifier + "||Peer^Test||" + born + "|F",
        "PV1|1|I|W3^310^2^HARBOR",
        "");
  }

  public static void main(String[] args) throws Exception {
    String host = args[0];
    int port = Integer.parseInt(args[1]);
    int messages = Integer.parseInt(args[2]);
    int connections = Integer.parseInt(args[3]);
    String prefix = args[4];
    Map<String, Integer> counts = Collections.synchronizedMap(new TreeMap<>());
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    Map<String, Boolean> ids = new ConcurrentHashMap<>();
    ExecutorService pool = Executors.newFixedThreadPool(connections);
    List<Future<Connection>> running = new ArrayList<>();
    long began = System.nanoTime();
    for (int c = 0; c < connections; c++) {
      int first = c;
      running.add(pool.submit(() -> {
        // one each: a parser learns a structure when it first meets it, and fails another thread that meets it meanwhile
        HapiContext context = new DefaultHapiContext();
        // what is wrong is sent as it is: the receiver is to find it
        context.setValidationContext(ValidationContextFactory.noValidation());
        Connection connection = context.newClient(host, port, false);
        Initiator initiator = connection.getInitiator();
        initiator.setTimeout(60, TimeUnit.SECONDS);
        try {
          for (int n = first; n < messages; n += connections) {
            Kind kind = Kind.of(n);
            String id = prefix + n;
            Message message = context.getPipeParser().parse(text(kind, id, n));
            Terser answer = new Terser(initiator.sendAndReceive(message));
            String code = answer.get("/MSA-1");
            counts.merge(kind + " " + code, 1, Integer::sum);
            if (!kind.code.equals(code)) wrong.add(id + ": " + code + " instead of " + kind.code);
            if (!id.equals(answer.get("/MSA-2"))) wrong.add(id + ": answered " + answer.get("/MSA-2"));
            String place = kind.place == null ? null : answer.get("/ERR-2-1") + " " + answer.get("/ERR-2-3");
            if (kind.place != null && !kind.place.equals(place)) wrong.add(id + ": place " + place);
            if (ids.put(answer.get("/MSH-10"), true) != null) wrong.add(id + ": an acknowledgement's own id came twice");
          }
        } catch (Exception caught) {
          wrong.add("connection " + first + ": " + caught);
        }
        return connection;
      }));
    }
    // none is closed before all are done: closing one disturbs HAPI's other connections of the process
    for (Future<Connection> one : running) one.get();
    for (Future<Connection> one : running) one.get().close();
    System.out.println("MS\t" + (System.nanoTime() - began) / 1_000_000);
    counts.forEach((what, count) -> System.out.println("COUNT\t" + what + "\t" + count));
    wrong.forEach((what) -> System.out.println("WRONG\t" + what));
    System.exit(0);
  }
}
