export { type ExtraCheck, examine, type Finding } from './doctor.ts';
