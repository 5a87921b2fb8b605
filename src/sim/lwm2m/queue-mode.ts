import type { Endpoint } from '../coap/endpoint.ts';

/** Queue mode: the device stops listening when it has neither sent nor received for a while. */
export class QueueMode {
  private readonly endpoint: Endpoint;
  private readonly awakeMs: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** `awakeMs`: real milliseconds; undefined on a device that always listens. */
  constructor(endpoint: Endpoint, awakeMs: number | undefined) {
    this.endpoint = endpoint;
    this.awakeMs = awakeMs;
  }

  /** Something comes or goes: listens, and goes on listening for the whole time. */
  awake(): void {
    if (this.awakeMs === undefined) return;
    this.endpoint.asleep = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.endpoint.asleep = true;
    }, this.awakeMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
