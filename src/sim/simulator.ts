import type { FaultRow } from './fault.ts';
import type { OptionTable } from './options.ts';
import type { DeviceStart, SimulatedDevice } from './process.ts';

/** A kind of simulated device: what can be wrong with it, where conforming ones differ, and how one is opened. */
export interface Simulator {
  readonly faults: readonly FaultRow<object, unknown>[];
  readonly options: OptionTable;
  /** Opens the device with faults by name and options `name=value`. Throws InputError where one is not known, InputError or BenchError where state or port cannot be used. */
  open(faults: readonly string[], options: readonly string[], start: DeviceStart): Promise<SimulatedDevice>;
}
