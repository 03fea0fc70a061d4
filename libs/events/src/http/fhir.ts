import { z } from 'zod';

/** A FHIR R4 resource of one type, as far as an API document can tell: http://hl7.org/fhir/R4/ says the rest. */
export const fhirResource = <T extends string>(type: T) => z.looseObject({ resourceType: z.literal(type) });
