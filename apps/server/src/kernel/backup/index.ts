export { type BackupOptions, type BackupReport, writeBackup } from './backup.ts';
export { connectHome, type HomeDatabase } from './connect.ts';
export type { Standing } from './continuity.ts';
export type { Manifest } from './manifest.ts';
export { BackupProblem, type BackupProblemCode } from './problem.ts';
export { type RestoreOptions, type RestoreReport, restoreBackup } from './restore.ts';
