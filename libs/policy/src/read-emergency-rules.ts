import { problem } from '@medshare/problems';
import { parse } from 'yaml';
import { legalBasisFile, type EmergencyRules } from './policy-files.js';

/** The emergency rules of a legal-basis file's text, for a role that decides nothing else by it. @throws Problem config.invalid */
export function readEmergencyRules(text: string): EmergencyRules {
  const parsed = legalBasisFile.safeParse(parse(text));
  if (!parsed.success) throw problem('config.invalid', { where: 'policies/legal-basis', cause: parsed.error });
  return parsed.data.emergency;
}
