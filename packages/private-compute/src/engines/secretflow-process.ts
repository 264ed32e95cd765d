/** The process that holds SecretFlow, beside an owner's data: lines of JSON to it and from it (`secretflow.py`), whatever is computed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ComputeError, type ComputeFault } from '../problem.ts';
import { placeOf } from '../shares/mesh.ts';
import type { Name } from '../shares/names.ts';
import { type EnginePart, secretflowLimits } from './engine.ts';

const script = fileURLToPath(new URL('./secretflow.py', import.meta.url));

export interface Line {
  met?: true;
  peerCommitment?: string;
  /** Common keys; null where this owner is not told. */
  rows?: number | null;
  opened?: string[][] | null;
  names?: Name[] | null;
  ended?: true;
  cpuSeconds?: number;
  peakBytes?: number;
  fault?: { code: string; message: string };
}

/** The engine's process: says nothing of this program's own environment but where it may leave files. */
export class Engine {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  met = false;

  constructor(python: string, folder: string) {
    this.child = spawn(python, [script], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { HOME: folder, TMPDIR: folder, JAX_PLATFORMS: 'cpu', PYTHONDONTWRITEBYTECODE: '1' },
    });
    this.child.stdin!.on('error', () => undefined);
    this.child.on('error', () => undefined);
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  say(step: object): void {
    this.child.stdin!.write(`${JSON.stringify(step)}\n`);
  }

  /** Throws the engine's reason, or `compute.engineFailed` where it ended without one. */
  async next(): Promise<Line> {
    const { value, done } = await this.#lines.next();
    if (done) throw new ComputeError('compute.engineFailed', 'the process of the engine ended');
    const line = JSON.parse(value as string) as Line;
    if (line.fault) throw new ComputeError(line.fault.code as ComputeFault, line.fault.message);
    return line;
  }

  ask(step: object): Promise<Line> {
    this.say(step);
    return this.next();
  }
}

/** Both have come, mean the same, and brought what they signed for; the commitment that the other showed. */
export const meet = async (engine: Engine, part: EnginePart, digest: Buffer): Promise<string> => {
  const { terms, role, peer, host, port, meetMs, agreed } = part;
  const place = placeOf(role);
  const own = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { peerCommitment } = await engine.ask({
    job: terms.job,
    rank: place,
    addresses: place === 0 ? [own, peer] : [peer, own],
    digest: digest.toString('hex'),
    commitment: agreed.own,
    meetMs,
    silenceMs: part.silenceMs ?? secretflowLimits.silenceMs,
  });
  engine.met = true;
  if (peerCommitment !== agreed.peer)
    throw new ComputeError('compute.inputChanged', 'the other owner brought another table than it signed for');
  return peerCommitment;
};
