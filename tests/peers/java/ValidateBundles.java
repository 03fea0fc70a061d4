import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/**
 * Validates R4 resources with HAPI FHIR, without a network: definitions and terminology are those of its own packages.
 * Arguments: files. Writes a line for each message: file, severity, message id, location, text, separated by tabs.
 */
public final class ValidateBundles {
  public static void main(String[] files) throws Exception {
    FhirContext context = FhirContext.forR4();
    FhirValidator validator = context.newValidator();
    validator.registerValidatorModule(
        new FhirInstanceValidator(
            new ValidationSupportChain(
                new DefaultProfileValidationSupport(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new SnapshotGeneratingValidationSupport(context))));
    for (String file : files) {
      String text = Files.readString(Path.of(file), StandardCharsets.UTF_8);
      for (SingleValidationMessage message : validator.validateWithResult(text).getMessages()) print(file, message);
      System.out.println(String.join("\t", file, "DONE", "", "", ""));
    }
  }

  private static void print(String file, SingleValidationMessage message) {
    System.out.println(
        String.join(
            "\t",
            file,
            String.valueOf(message.getSeverity()),
            String.valueOf(message.getMessageId()),
            String.valueOf(message.getLocationString()),
            String.valueOf(message.getMessage()).replaceAll("\\s+", " ")));
  }
}
