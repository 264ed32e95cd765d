import { randomBytes } from 'node:crypto';
import type { BankBooks, PendingCallback } from './books.ts';
import { signedHeaders } from './signature.ts';

const batchMax = 100;
const callbacksAtOnceMax = 20;
const callbackTimeoutMs = 5_000;
/** setTimeout takes no more than 2^31 ms; a minute also survives a change of the wall clock. */
const sleepMsMax = 60_000;

export interface Executor {
  /** Looks again now, because something was accepted or a fault was changed. */
  wake(): void;
  /** Carries out everything that was accepted, whatever its delay; returns how many. */
  flush(): number;
  stop(): Promise<void>;
}

/** Carries out due instructions and sends due callbacks. All state is in the books: a restart goes on where it was. */
export function startExecutor(
  books: BankBooks,
  settings: { key: Buffer; now: () => number; fetch: typeof fetch },
): Executor {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let sending: Promise<void> = Promise.resolve();
  let busy = false;

  const schedule = () => {
    clearTimeout(timer);
    const dueAt = stopped ? null : books.nextDueAt();
    if (dueAt === null) return;
    timer = setTimeout(tick, Math.min(Math.max(dueAt - settings.now(), 0), sleepMsMax));
  };
  const tick = () => {
    if (stopped) return;
    books.executeDue(batchMax);
    if (!busy) {
      busy = true;
      sending = sendCallbacks(books, settings).finally(() => {
        busy = false;
        if (!stopped) schedule();
      });
    } else {
      // While callbacks are under way their due time lies in the past: look again soon, not at once.
      timer = setTimeout(tick, 20);
    }
  };
  const flush = () => {
    let count = 0;
    for (let done = 1; done > 0; count += done) done = books.executeDue(batchMax, true);
    schedule();
    return count;
  };
  schedule();
  return {
    wake: schedule,
    flush,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await sending;
    },
  };
}

async function sendCallbacks(
  books: BankBooks,
  settings: { key: Buffer; now: () => number; fetch: typeof fetch },
): Promise<void> {
  const url = books.callbackUrl();
  const due = books.dueCallbacks(callbacksAtOnceMax);
  await Promise.all(
    due.map(async (callback) => {
      const delivered = url === null || (await sendCallback(url, callback, settings));
      if (delivered) books.callbackDone(callback.id);
      else books.callbackFailed(callback);
    }),
  );
}

async function sendCallback(
  url: string,
  { answer }: PendingCallback,
  { key, now, fetch }: { key: Buffer; now: () => number; fetch: typeof globalThis.fetch },
): Promise<boolean> {
  const { pathname, search } = new URL(url);
  const body = JSON.stringify(answer);
  const headers = signedHeaders(key, {
    method: 'POST',
    path: pathname + search,
    date: new Date(now()).toISOString(),
    nonce: randomBytes(16).toString('hex'),
    body,
  });
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(callbackTimeoutMs),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // An unreachable client is no fault of the bank: it is called again later.
    return false;
  }
}
