import type { Command } from 'commander';
import { configOption } from './config.command.js';
import { positiveInt } from './option-values.js';
import { addCommand, type Outcome } from './outcome.js';
import type { Run } from './program.js';
import type * as administration from '../run/administrate-chain.js';

type Work = Exclude<keyof typeof administration, 'serve'>;

/** Largest sequence of a definition. */
const most = 1_000_000;

/** What an organisation's administrator does with the chaincode on Hyperledger Fabric. */
export function addChain(program: Command, run: Run): void {
  const group = program
    .command('chain')
    .description('The chaincode on Hyperledger Fabric: its package, its lifecycle on the channel, its server.');
  const work =
    (name: Work) =>
    (options: Parameters<(typeof administration)[Work]>[0], self: Command): Promise<void> =>
      run(self, async (within): Promise<Outcome> => {
        const loaded = await import('../run/administrate-chain.js');
        return loaded[name](options as never, within);
      });
  addPackage(group).action(work('pack'));
  changing(
    addCommand(group, 'install', 'Install a package on our peer. One that is there is left as it is.', [
      'medshare chain install --package region.tgz --admin-cert admin.pem --admin-key admin.key --config harbor.yaml',
    ]),
  )
    .requiredOption('--package <file>', 'the package')
    .action(work('install'));
  changing(
    addCommand(
      group,
      'approve',
      'Say for our organisation that it will run this chaincode, out of this package, under this endorsement policy: as many of the members’ peers as the region says.',
      [
        'medshare chain approve --package region.tgz --admin-cert admin.pem --admin-key admin.key --config harbor.yaml',
        'medshare chain approve --package region-2.tgz --sequence 2 --admin-cert admin.pem --admin-key admin.key --config harbor.yaml',
      ],
    ),
  )
    .requiredOption('--package <file>', 'the package')
    .option(
      '--sequence <n>',
      'which change of the definition it is; left out: the one in effect where we have not approved it, else the next',
      positiveInt(most),
    )
    .action(work('approve'));
  changing(
    addCommand(
      group,
      'commit',
      'Put into effect what enough organisations have approved. One organisation does it for all; again, it changes nothing.',
      ['medshare chain commit --admin-cert admin.pem --admin-key admin.key --config harbor.yaml'],
    ),
  )
    .option('--sequence <n>', 'which change of the definition it is; the next when left out', positiveInt(most))
    .action(work('commit'));
  addCommand(
    group,
    'status',
    'Tell what is committed on the channel, who has approved it and the next, and what runs at each organisation: whether it is the code of this release.',
    ['medshare chain status --config harbor.yaml', 'medshare chain status --config harbor.yaml --json'],
  )
    .requiredOption(...configOption)
    .action(work('status'));
  addServe(group, run);
}

const addPackage = (group: Command): Command =>
  addCommand(
    group,
    'package',
    'Make the package that our peer installs: where the chaincode server is, and which code it must run. The same settings give the same bytes. It holds the peer’s key towards that server: keep it as a key.',
    [
      'medshare chain package --address chaincode.harbor.example:7052 --authorities tls-ca.pem --client-cert peer.pem --client-key peer.key --out region.tgz',
    ],
  )
    .requiredOption('--address <host:port>', 'the chaincode server, as the peer reaches it')
    .requiredOption('--authorities <file>', 'authorities of the server’s certificate (PEM)')
    .requiredOption('--client-cert <file>', 'certificate that the peer shows to the server (PEM)')
    .requiredOption('--client-key <file>', 'its private key (PEM)')
    .requiredOption('--out <file>', 'where the package is written');

/** Options of what only an administrator of the organisation may do. */
const changing = (command: Command): Command =>
  command
    .requiredOption(...configOption)
    .requiredOption('--admin-cert <file>', 'certificate of an administrator of our organisation (PEM)')
    .requiredOption('--admin-key <file>', 'its private key (PEM)');

function addServe(group: Command, run: Run): void {
  addCommand(
    group,
    'serve',
    'Run the chaincode for our peer, until SIGTERM or Ctrl-C: the server that the package names. Refuses a package that was made for other code. It needs no configuration and no database.',
    [
      'medshare chain serve --package region.tgz --listen 0.0.0.0:7052 --cert chaincode.pem --key chaincode.key --client-authorities tls-ca.pem',
    ],
  )
    .requiredOption('--package <file>', 'the installed package')
    .requiredOption('--listen <host:port>', 'address to listen on')
    .requiredOption('--cert <file>', 'certificate of this server (PEM)')
    .requiredOption('--key <file>', 'its private key (PEM)')
    .requiredOption('--client-authorities <file>', 'authorities of the peer’s certificate (PEM)')
    .action((options: Parameters<typeof administration.serve>[0], self: Command) =>
      run(self, async (within) => (await import('../run/administrate-chain.js')).serve(options, within)),
    );
}
