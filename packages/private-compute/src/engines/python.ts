/** What of a foreign engine is installed in a Python. */
import { execFile } from 'node:child_process';

const askSecondsMax = 30;

/** Of a package, by its own record and without loading it; undefined where there is no such Python or package. */
export const packageVersion = (python: string, name: 'spu' | 'pyspark'): Promise<string | undefined> =>
  new Promise((resolve) => {
    const asked = `from importlib.metadata import version; print(version('${name}'))`;
    execFile(python, ['-I', '-c', asked], { timeout: askSecondsMax * 1000, env: {} }, (error, stdout) => {
      const text = String(stdout).trim();
      resolve(!error && /^[\w.+-]{1,40}$/.test(text) ? text : undefined);
    });
  });
