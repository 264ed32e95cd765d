/**
 * Resolves at the first signal to stop. Later ones change nothing: a launcher and its terminal may each send one, and a
 * process that ends before its database leaves that behind. Ask before the work begins that has to be closed.
 */
export const untilStopped = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
