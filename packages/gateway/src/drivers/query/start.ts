/** Where a query process begins: what takes long on another thread first, and the rest of the program meanwhile. */
import { openNative, requireJoined } from './library.ts';

void openNative();
requireJoined();
await import('./child.ts');
