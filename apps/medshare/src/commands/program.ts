import { Command } from 'commander';
import { conclude, type Outcome, type Surroundings } from './outcome.js';
import { addApprovals } from './approvals.command.js';
import { addAudit } from './audit.command.js';
import { addBreakGlass } from './break-glass.command.js';
import { addCertificates } from './certificates.command.js';
import { addChain } from './chain.command.js';
import { addConsent } from './consent.command.js';
import { addConfig } from './config.command.js';
import { addFsck } from './fsck.command.js';
import { addBus } from './bus.command.js';
import { addLogin } from './login.command.js';
import { addMessages } from './messages.command.js';
import { addMigrate } from './migrate.command.js';
import { addNotifications } from './notifications.command.js';
import { addOpen } from './open.command.js';
import { addRegion } from './region.command.js';
import { addRealm } from './realm.command.js';
import { addReplayDecision } from './replay-decision.command.js';
import { addRequest } from './request.command.js';
import { addReviews } from './reviews.command.js';
import { addRevoke } from './revoke.command.js';
import { addRun } from './run.command.js';
import { addSend } from './send.command.js';
import { addToken } from './token.command.js';
import { addWebhooks } from './webhooks.command.js';
import { addWhatWouldSee } from './what-would-see.command.js';
import { addUp } from './up.command.js';

/** Runs a command's work and keeps its exit code. */
export type Run = (command: Command, work: (within: Surroundings) => Promise<Outcome>) => Promise<void>;

const examples = `
A first round, with everything on this computer:
  $ medshare up --demo                                     # three institutions; stays up
  $ medshare send samples/                                 # in another terminal
  $ medshare request --as dr.chen@lakeside --patient 'urn:medshare:east:citizen|E-1985-0317-442' --purpose TREAT
  $ medshare approve --as officer.li@harbor --all
  $ medshare approve --as dr.wu@harbor --all
  $ medshare open --as dr.chen@lakeside
  $ medshare audit verify --institution harbor --all

Every command has --help with examples, and --json.
Away from a demo: medshare login --help signs a person in with a browser.
MEDSHARE_CLI_DATA is the default of --data, MEDSHARE_CLI_PASSWORD the password of --as, MEDSHARE_CLI_DEBUG=1 prints traces.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`;

/** @param report is told the exit code of the command that ran */
export function createProgram(within: Surroundings, version: string, report: (exitCode: number) => void): Command {
  const { terminal } = within;
  const program = new Command('medshare')
    .description('Hospitals share patients’ records across institutions without a third party.')
    .version(version)
    .addHelpText('after', examples)
    .showHelpAfterError('(add --help for examples)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.notice(text),
      getOutHelpWidth: () => Math.min(terminal.columns, 100),
      getErrHelpWidth: () => Math.min(terminal.columns, 100),
    });
  const run: Run = async (command, work) =>
    report(await conclude(() => work(within), within, command.opts<{ json?: boolean }>().json === true));
  for (const add of commands) add(program, run);
  return program;
}

const commands = [
  addUp,
  addSend,
  addLogin,
  addToken,
  addRequest,
  addApprovals,
  addOpen,
  addBreakGlass,
  addReviews,
  addNotifications,
  addRevoke,
  addConsent,
  addWhatWouldSee,
  addReplayDecision,
  addAudit,
  addMessages,
  addWebhooks,
  addBus,
  addCertificates,
  addChain,
  addRun,
  addMigrate,
  addConfig,
  addRegion,
  addRealm,
  addFsck,
];
