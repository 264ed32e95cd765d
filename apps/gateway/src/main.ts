/** The process by itself, with its settings in one variable: for suites that stop, kill and sabotage it. People start it by the command line. */
import { startGateway } from './process.ts';

const { SHUGU_TEST_GATEWAY = '{}' } = process.env;
const options = JSON.parse(SHUGU_TEST_GATEWAY) as {
  server: string;
  key: string;
  home: string;
  isAway?: boolean;
  sabotage?: 'overspend' | 'deaf' | 'answerBeforeAppend';
};
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});
const gateway = await startGateway({
  ...options,
  host: '127.0.0.1',
  port: 0,
  ...(options.sabotage ? { testOnlySabotage: options.sabotage } : {}),
  note: (event, more) => {
    if (event !== 'answer') process.stderr.write(`${JSON.stringify({ event, ...more })}\n`);
  },
});
process.stdout.write(`${JSON.stringify({ ready: true, url: gateway.url })}\n`);
await stopped;
await gateway.close();
process.exit(0);
