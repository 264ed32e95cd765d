/**
 * The way to end one call from either side. It is made for every call and used by few, so it is no AbortController; `signal`
 * makes one for those who need it.
 */
export class CallStop {
  isStopped = false;
  reason: unknown;
  private listeners: (() => void)[] | null = null;
  private controller: AbortController | null = null;

  stop(reason?: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.reason = reason ?? new DOMException('the call was stopped', 'AbortError');
    this.controller?.abort(this.reason);
    const { listeners } = this;
    this.listeners = null;
    for (const listener of listeners ?? []) listener();
  }

  /** Told once, when it is stopped; never when it already was. */
  onStop(listener: () => void): void {
    if (this.isStopped) return;
    if (this.listeners) this.listeners.push(listener);
    else this.listeners = [listener];
  }

  offStop(listener: () => void): void {
    const at = this.listeners?.indexOf(listener) ?? -1;
    if (at !== -1) this.listeners!.splice(at, 1);
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.isStopped) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }
}
