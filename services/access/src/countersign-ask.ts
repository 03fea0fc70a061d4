import { signDocument } from '@medshare/crypto';
import type { countersignAsk } from '@medshare/events';
import type { RoleContext } from '@medshare/role';
import type { z } from 'zod';
import { expired, forged } from './access.problems.js';
import { checkCertificate, checkSigned } from './check-certificate.js';
import { checkReason } from './check-reason.js';

/** The requester's institution stands for its clinician's ask: that the key is its own and the relation is as stated. */
export class CountersignAsk {
  constructor(private readonly context: RoleContext) {}

  countersign({ ask, certificate, signature, relation, tags, reason }: z.infer<typeof countersignAsk.request>): string {
    const { region, institution, suite, signingKey, clock } = this.context;
    if (ask.institution !== institution || certificate.institution !== institution) throw forged('ask.institution');
    checkCertificate(region, certificate, clock.now());
    checkSigned(certificate, 'ask', ask, signature);
    if (ask.expiresAt <= clock.now()) throw expired('ask.expiresAt');
    checkReason(suite, ask, reason);
    return signDocument(suite, signingKey.privateKey, 'ask-envelope', 1, { ask, relation, tags });
  }
}
