/** Prometheus metrics of the process and of every route. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export const makeMetrics = () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answers = new Counter({
    name: 'shugu_http_answers_total',
    help: 'Answers by endpoint and status',
    labelNames: ['endpoint', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'shugu_http_seconds',
    help: 'Time to answer by endpoint',
    labelNames: ['endpoint'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return {
    registry,
    onAnswer: (endpoint: string, status: number, duration: number) => {
      answers.inc({ endpoint, status: String(status) });
      seconds.observe({ endpoint }, duration);
    },
  };
};
