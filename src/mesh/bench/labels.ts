import type { EventSink, NewEvent } from '../../core/events.ts';

/** What messages are told apart by in the log: a judge counts the tries of one question by its label, and leaves out what an earlier case stirred up. */
export interface Labels {
  /** Where the stack records. */
  readonly sink: EventSink;
  /** What the tester itself sends during the work carries this label. */
  during<V>(label: string, work: () => Promise<V>): Promise<V>;
  /** Messages that carried a label since the last call. */
  count(): number;
  /** From here on messages belong to no case (`true`), or to the one that begins. */
  between(cases: boolean): void;
}

/**
 * Labels messages on their way into the log; before the first case they belong to none.
 * @param isPlayed whether a target is played at this address, whose answers are no sendings of a question
 */
export function labelsOn(events: EventSink, isPlayed: (address: unknown) => boolean): Labels {
  let label: string | undefined;
  let sent = 0;
  let arrange = true;
  return {
    sink: {
      append(event: NewEvent) {
        if (event.type !== 'mesh.access') return events.append(event);
        const asking = event.dir === 'out' && !isPlayed(event.data?.['src']) ? label : undefined;
        if (asking !== undefined) sent++;
        const more = { ...(asking !== undefined && { label: asking }), ...(arrange && { arrange: true }) };
        return events.append({ ...event, data: { ...event.data, ...more } });
      },
    },
    async during(text, work) {
      label = text;
      try {
        return await work();
      } finally {
        label = undefined;
      }
    },
    count() {
      const counted = sent;
      sent = 0;
      return counted;
    },
    between(cases) {
      arrange = cases;
    },
  };
}
