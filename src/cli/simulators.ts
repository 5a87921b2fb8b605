import type { Simulator } from '../sim/simulator.ts';

/** A simulated device as the command line knows it, loaded when asked for: a proof starts hundreds of them. */
export interface SimulatorEntry {
  /** As on the command line, and as `sim:` in a rig file: `ocf`. */
  readonly name: string;
  readonly describe: string;
  load(): Promise<Simulator>;
}

/** Every device that `plumbline sim` can be. */
export const SIMULATORS: readonly SimulatorEntry[] = [
  {
    name: 'ocf',
    describe: 'an OCF device with a software update resource',
    load: async () => (await import('../sim/ocf/simulator.ts')).OCF_SIMULATOR,
  },
  {
    name: 'lwm2m',
    describe: 'an LwM2M client with software management; registers to the server that it is told',
    load: async () => (await import('../sim/lwm2m/simulator.ts')).LWM2M_SIMULATOR,
  },
  {
    name: 'mesh',
    describe: 'a Bluetooth Mesh node with firmware update, on a virtual radio',
    load: async () => (await import('../sim/mesh/simulator.ts')).MESH_SIMULATOR,
  },
  {
    name: 'zigbee',
    describe: 'a Zigbee coordinator dongle (ZNP), and behind it a node with the OTA Upgrade cluster',
    load: async () => (await import('../sim/zigbee/simulator.ts')).ZIGBEE_SIMULATOR,
  },
];
