import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { figure, median, quantile } from '../figures.mjs';

const run = promisify(execFile);

/**
 * On networks of their own: three organisations, three orderers, each chaincode in a process of its own. Rates and costs of batches and of
 * one transaction a record come from the same network in the same run; each batch time-out has another network.
 */
export async function measure({ short }) {
  const size = short ? ['--batches', '6', '--singles', '60', '--timed', '20', '--timeouts', '200ms,500ms'] : [];
  const program = ['--import', './libs/testkit/loader/register.mjs', 'tests/stack/measure-fabric.ts', ...size];
  const running = run(process.execPath, program, { maxBuffer: 16 * 1024 * 1024 });
  running.child.stderr.pipe(process.stderr, { end: false });
  const { stdout } = await running;
  const { ran, batched, single, memory, times } = JSON.parse(stdout);
  const beside = (value) => ({ peer: value, peerName: 'one a record' });
  const figures = [
    figure('anchors through batches of 500', '/s', batched.rate, { ...beside(single.rate), aim: '≥ 20' }),
    figure('bytes in blocks an anchor', 'B', batched.bytes, beside(single.bytes)),
    ...Object.entries(batched.cpuMs).map(([part, value]) =>
      figure(`CPU an anchor: ${part}`, 'ms', value, beside(single.cpuMs[part])),
    ),
    ...Object.entries(memory).map(([part, value]) => figure(`memory: ${part}, the largest`, 'MB', value)),
    ...Object.entries(times).flatMap(([timeout, taken]) => [
      figure(`submit to commit, batch time-out ${timeout}, p50`, 'ms', median(taken)),
      figure(`submit to commit, batch time-out ${timeout}, p99`, 'ms', quantile(taken, 0.99)),
    ]),
  ];
  const rounded = Object.entries(times).map(([timeout, taken]) => [timeout, taken.map(Math.round)]);
  return { ran, figures, raw: { batched, single, times: Object.fromEntries(rounded) } };
}
