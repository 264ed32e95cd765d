export { type ExtraCheck, examine, type Finding, type OwnCheck } from './doctor.ts';
