import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.util.idgenerator.InMemoryIDGenerator;
import ca.uhn.hl7v2.validation.impl.DefaultValidation;
import java.io.IOException;
import java.util.Map;

/** HAPI's own MLLP server: parses, validates by its default rules, answers AA, keeps nothing. */
public class HapiServer {
  public static void main(String[] args) throws Exception {
    DefaultHapiContext context = new DefaultHapiContext();
    context.setValidationContext(new DefaultValidation());
    // its default one writes a file where it is started
    context.getParserConfiguration().setIdGenerator(new InMemoryIDGenerator());
    HL7Service server = context.newServer(Integer.parseInt(args[0]), false);
    server.registerApplication("*", "*", new ReceivingApplication<Message>() {
      public Message processMessage(Message message, Map<String, Object> about) throws HL7Exception {
        try {
          return message.generateACK();
        } catch (IOException failed) {
          throw new HL7Exception(failed);
        }
      }
      public boolean canProcess(Message message) {
        return true;
      }
    });
    server.startAndWait();
    System.out.println("listening");
  }
}
