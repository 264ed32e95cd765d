/** For tests only: what a verb says on either stream, and its status. */
import { vi } from 'vitest';

export interface Said {
  status: number;
  out: string;
  err: string;
}

/** `onLine` hears each line of progress as it is said. */
export const saidBy = async (run: () => Promise<number>, onLine: (line: string) => void = () => {}): Promise<Said> => {
  const said: Said = { status: -1, out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.out += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.err += String(text);
    onLine(String(text));
    return true;
  });
  try {
    said.status = await run();
    return said;
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
};
