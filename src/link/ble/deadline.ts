/** Settles as `start` says, or rejects with what `late` makes once the deadline (real milliseconds) has passed. */
export function within<T>(
  deadlineMs: number,
  late: () => Error,
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), deadlineMs);
    const end = (): void => clearTimeout(timer);
    start(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
