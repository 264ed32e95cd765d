/** What the gateway in this process tells those who run it: an access log without secrets, and figures for Prometheus. */
import type { Access } from '@shugu/gateway';
import { driverKinds } from '@shugu/wire/delivery';
import type { Logger } from 'pino';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Plane } from './plane.ts';

const kinds: ReadonlySet<string> = new Set(driverKinds);

/** Strangers must not make labels. */
const kindOf = (line: string): string => {
  const kind = line.split('.')[1] ?? '';
  return kinds.has(kind) ? kind : 'none';
};

export const watchGateway = (
  registry: Registry | undefined,
  log: Logger,
  plane: () => Pick<Plane, 'pausedUpstreams'>,
): ((access: Access) => void) => {
  const tell = (access: Access) => log.info(access, 'gateway answer');
  if (!registry) return tell;
  const registers = [registry];
  const answers = new Counter({
    name: 'shugu_gateway_answers_total',
    help: 'Answers by kind of delivery and status',
    labelNames: ['kind', 'status'],
    registers,
  });
  const bytes = new Counter({
    name: 'shugu_gateway_bytes_total',
    help: 'Bytes written to callers',
    labelNames: ['kind'],
    registers,
  });
  const seconds = new Histogram({
    name: 'shugu_gateway_seconds',
    help: 'Time from request to the end of its answer',
    labelNames: ['kind'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers,
  });
  new Gauge({
    name: 'shugu_gateway_upstreams_paused',
    help: 'Upstreams that did not answer and are left alone for a while',
    registers,
    collect() {
      this.set(plane().pausedUpstreams());
    },
  });
  return (access) => {
    const kind = kindOf(access.line);
    answers.inc({ kind, status: String(access.status) });
    bytes.inc({ kind }, access.bytes);
    seconds.observe({ kind }, access.ms / 1000);
    tell(access);
  };
};
