import { spawn } from 'node:child_process';

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
/** After Ctrl-C in a terminal the child has its own SIGINT; one that did not get it is asked again after this. */
const terminalPatienceMs = 3000;
const outputLengthMax = 100_000;

/**
 * Turns this process into the program: by exec where Node can (22.15 and newer), so that nothing stands between a
 * signal and the program; else as a parent that passes on signals and the way it ended.
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 */
export function become(command, args, env) {
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(command, [command, ...args], env);
  }
  const child = spawn(command, args, { env, stdio: 'inherit' });
  passSignals(child);
  child.on('error', (error) => {
    console.error(`shugu: ${command}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => endLike(code, signal));
}

/**
 * Runs a helper to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, toStderr?: boolean }} [options]
 * @returns {Promise<number>} exit code; 128 + n for a signal, as shells count
 */
export function run(command, args, { cwd, env, toStderr } = {}) {
  return ended(command, spawn(command, args, { cwd, env, stdio: toStderr ? ['ignore', 2, 2] : 'inherit' }));
}

/**
 * Runs a helper whose output matters only if it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function runQuietly(command, args, { cwd, env }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-outputLengthMax);
    });
  }
  return { code: await ended(command, child), output };
}

/**
 * @param {string} command
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
function ended(command, child) {
  return new Promise((resolve, reject) => {
    const stopPassing = passSignals(child);
    child.on('error', (error) => reject(new Error(`${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      const asked = stopPassing();
      // Asked to end: the child was given its time, nothing else follows.
      if (asked) process.exit(signalExitCode(asked));
      resolve(code ?? signalExitCode(signal));
    });
  });
}

/** Ends this process as the child ended. */
export function endLike(code, signal) {
  if (!signal) process.exit(code ?? 1);
  for (const name of signals) process.removeAllListeners(name);
  process.kill(process.pid, signal);
  // A signal we may not send to ourselves, or that is ignored.
  setTimeout(() => process.exit(signalExitCode(signal)), 1000);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => NodeJS.Signals | undefined} stops passing; tells the signal we were sent, if any
 */
export function passSignals(child) {
  /** @type {NodeJS.Signals | undefined} */
  let asked;
  const alive = () => child.exitCode === null && child.signalCode === null;
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    const first = asked === undefined;
    asked = signal;
    const fromTerminal =
      signal === 'SIGINT' && [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
    if (!fromTerminal) child.kill(signal);
    else if (first) setTimeout(() => alive() && child.kill('SIGTERM'), terminalPatienceMs).unref();
  };
  for (const name of signals) process.on(name, pass);
  return () => {
    for (const name of signals) process.off(name, pass);
    return asked;
  };
}

/** @param {NodeJS.Signals | null} signal */
function signalExitCode(signal) {
  return (
    128 + ({ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 }[signal ?? ''] ?? 0)
  );
}
