/** What the person at the terminal wants of a run that goes on. */
export interface Wishes {
  /** First Ctrl-C: end the case in hand and settle. */
  readonly settle: AbortSignal;
  /** Second Ctrl-C: end at once. */
  readonly kill: AbortSignal;
  stop(): void;
}

/** Listens for Ctrl-C until stopped; a SIGTERM counts like one. */
export function wishes(): Wishes {
  const settle = new AbortController();
  const kill = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (settle.signal.aborted) kill.abort(new Error(`stopped at once by a second ${signal}`));
    else settle.abort(new Error(`stopped by ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    settle: settle.signal,
    kill: kill.signal,
    stop() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
