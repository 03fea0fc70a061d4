import { z } from 'zod';

// The section `fabric`: who the institution is on its Hyperledger Fabric network, and how its peer is reached.

const text = (longest: number) => z.string().min(1).max(longest);
const path = text(4096);
const address = /^(\[[0-9a-f:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/;

const tls = z.strictObject({
  authorities: path
    .optional()
    .describe("File with the authorities of the peer's TLS certificate (PEM); the system's when left out."),
  cert: path.optional().describe('File with our TLS certificate (PEM), where the peer asks for one.'),
  key: path.optional().describe('File with its private key (PEM).'),
  serverName: text(255).optional().describe("Name that the peer's certificate must carry; its host when left out."),
});

export const fabricSection = z.strictObject({
  cert: path
    .optional()
    .describe('File with the certificate of our client identity on the network (PEM), with the role `client`.'),
  key: path.optional().describe("File with its private key (PEM); a secret, for its owner's eyes only."),
  mspId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be an MSP id')
    .optional()
    .describe('Our organisation on the network; what the region says, else the institution’s id, when left out.'),
  chaincode: z
    .string()
    .regex(/^[a-zA-Z0-9]+([_-][a-zA-Z0-9]+)*$/, 'must be a name of a chaincode')
    .max(64)
    .default('region')
    .describe('Name under which the chaincode is committed on the channel.'),
  peer: z
    .string()
    .regex(address, 'must be host:port')
    .optional()
    .describe('The peer itself, for `medshare chain`, where it listens elsewhere than its Gateway service.'),
  tls: tls.prefault({}).describe('TLS towards the peer; without it nothing is sent.'),
  watched: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a short name'), path)
    .default({})
    .refine((named) => Object.keys(named).length <= 20, 'at most 20 certificates')
    .describe(
      'Names and files (PEM) of further certificates that `medshare certificates` lists and whose expiry is a metric: of the peer, the orderer, the chaincode server, an administrator.',
    ),
});

/** The parts of a ledger URL `fabric://host:port/channel`; undefined when it is another. */
export function fabricPlace(ledger: string): { gateway: string; channel: string } | undefined {
  const [, gateway = '', channel = ''] = /^fabric:\/\/([^/]*)\/([^/]*)$/.exec(ledger) ?? [];
  const named = /^[a-z][a-z0-9.-]{0,248}$/.test(channel);
  return address.test(gateway) && named ? { gateway, channel } : undefined;
}

/** What the section must be when the ledger is on Fabric; another ledger does not look at it. */
export function fabricRules(
  { ledger, fabric }: { ledger: string; fabric: z.output<typeof fabricSection> },
  context: z.RefinementCtx,
): void {
  if (!ledger.startsWith('fabric:')) return;
  const mistake = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (fabricPlace(ledger) === undefined) mistake(['ledger'], 'must be fabric://host:port/channel');
  for (const key of ['cert', 'key'] as const) if (fabric[key] === undefined) mistake(['fabric', key], 'is missing');
  const halves = (['cert', 'key'] as const).filter((key) => fabric.tls[key] === undefined);
  if (halves.length === 1) mistake(['fabric', 'tls', halves[0]!], 'is missing');
}
