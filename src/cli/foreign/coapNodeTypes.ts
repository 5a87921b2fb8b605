/** The parts of the npm packages coap-node, smartobject and coap 0.17 that the device uses; they bring no types. */
export interface SmartObject {
  init(object: number, instance: number, resources: Readonly<Record<number, unknown>>): void;
  set(object: number, instance: number, resource: number, value: unknown): void;
  read(object: number, instance: number, resource: number, done: () => void): void;
}

/** An LwM2M client. */
export interface CoapNode {
  on(name: 'error', heard: (e: Error) => void): void;
  register(host: string, port: number, done: (e: Error | null, answer?: { readonly status: string }) => void): void;
}

/** A response that is being received. */
export interface CoapMessage {
  readonly code: string;
  on(name: 'data' | 'end', heard: () => void): void;
}

/** A request that is being sent. */
export interface CoapRequest {
  on(name: 'response', heard: (response: CoapMessage) => void): void;
  on(name: 'error', heard: () => void): void;
  end(): void;
}
