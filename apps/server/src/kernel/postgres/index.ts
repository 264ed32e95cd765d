export { databaseName, readConnection } from './embedded.ts';
export { PostgresProblem, type PostgresProblemCode } from './problem.ts';
export type { Durability, Sabotage } from './settings.ts';
export { type PostgresLog, type RunningPostgres, type StartPostgresOptions, startPostgres } from './start.ts';
