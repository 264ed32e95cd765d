/** The process behind `shugu`. */
import { command } from './command.ts';
import { languageOf } from './say.ts';

// Whoever reads only the first lines (`| head`) has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? 0);
});

const argv = process.argv.slice(2);
process.exitCode = await command(argv, languageOf(argv));
