import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// What a tree of processes costs. Exact on Linux (/proc); elsewhere as `ps` tells it; nothing where there is neither.

const ticks = 100;

function list() {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, rss, time]) => ({ pid: Number(pid), parent: Number(parent), rss: Number(rss) * 1024, time }));
}

/** A process and everything it started. */
function tree(root) {
  const all = list();
  const found = all.filter(({ pid }) => pid === root);
  for (let i = 0; i < found.length; i += 1) found.push(...all.filter(({ parent }) => parent === found[i].pid));
  return found;
}

const secondsOf = (time) =>
  time
    .replace('-', ':')
    .split(':')
    .reverse()
    .reduce((sum, part, i) => sum + Number(part) * [1, 60, 3600, 86_400][i], 0);

/** CPU seconds of a process and of its ended children. */
function cpuOf({ pid, time }) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0) / ticks;
  } catch {
    return secondsOf(time);
  }
}

/** Resident bytes, a page shared by several processes counted once among them. */
function residentOf({ pid, rss }) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024;
  } catch {
    return rss;
  }
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const orNothing = (look) => {
  try {
    return look();
  } catch {
    return undefined;
  }
};

/** CPU seconds so far of a process and all below it, and of the process alone. */
export const cpuSeconds = (root) =>
  orNothing(() => {
    const found = tree(root);
    return { all: sum(found.map(cpuOf)), own: cpuOf(found[0]) };
  });

/** Bytes: `resident` counts shared pages once, `summed` is the plain sum of what `ps` shows. */
export const memory = (root) =>
  orNothing(() => {
    const found = tree(root);
    const own = residentOf(found[0]);
    return { resident: sum(found.map(residentOf)), own, summed: sum(found.map(({ rss }) => rss)), count: found.length };
  });
