/** The door: endpoint machinery and shared schemas. Rooms' endpoints stand in `@shugu/wire/<room>`. */
export * from './client.ts';
export * from './common.ts';
export * from './endpoint.ts';
export { openapiOf } from './openapi.ts';
