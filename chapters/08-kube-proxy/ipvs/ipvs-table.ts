/**
 * The kernel's IPVS as a model: virtual servers, changed by `ipvsadm --restore` text. Given.
 *
 * Whom a connection goes to is `ipvs.ts`.
 */

import type { Clock } from '#apimachinery';
import {
  commandsText,
  type IpvsCommand,
  IpvsError,
  parseCommands,
  type ServiceAddress,
} from './commands.ts';
import { type IpvsConnection, IpvsConnections } from './ipvs.ts';
import {
  type RealServer,
  type VirtualServer,
  type VirtualService,
  virtualServerId,
} from './virtual-server.ts';

interface Entry {
  service: VirtualService;
  servers: RealServer[];
  readonly connections: IpvsConnections;
}

/** Virtual servers and their connections. */
export class IpvsTable {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All virtual servers, in the order in which they were added. */
  get virtualServers(): VirtualServer[] {
    return [...this.#entries.values()].map(asVirtualServer);
  }

  /**
   * Runs commands one after another.
   *
   * @throws IpvsError at the first that cannot be done; those before it have been
   */
  restore(text: string): void {
    for (const command of parseCommands(text)) this.#run(command);
  }

  /** Text that makes an empty table the same. */
  save(): string {
    const commands = [...this.#entries.values()].flatMap(({ service, servers }): IpvsCommand[] => [
      { do: 'add-service', service },
      ...servers.toReversed().map(
        ({ address: server, weight }): IpvsCommand => ({
          do: 'add-server',
          service,
          server,
          weight,
        }),
      ),
    ]);
    return commandsText(commands);
  }

  /** A packet to a virtual service; `undefined` where there is none, or nobody takes it. */
  connect(
    client: { readonly ip: string; readonly port: number },
    to: ServiceAddress,
  ): IpvsConnection | undefined {
    return this.#entries.get(virtualServerId(to))?.connections.connect(client.ip, client.port);
  }

  /** A connection ends. */
  close(client: { readonly ip: string; readonly port: number }, to: ServiceAddress): void {
    this.#entries.get(virtualServerId(to))?.connections.close(client.ip, client.port);
  }

  /** Deletes everything; no timer is left. */
  clear(): void {
    for (const { connections } of this.#entries.values()) connections.clear();
    this.#entries.clear();
  }

  #run(command: IpvsCommand): void {
    if (command.do === 'clear') {
      this.clear();
      return;
    }
    const id = virtualServerId(command.service);
    const entry = this.#entries.get(id);
    if (command.do === 'add-service') {
      if (entry) throw new IpvsError(`ipvsadm: ${id}: Service already exists`);
      const made = {
        service: command.service,
        servers: [],
        connections: new IpvsConnections(this.#clock),
      };
      this.#entries.set(id, made);
      made.connections.update(asVirtualServer(made));
      return;
    }
    if (!entry) throw new IpvsError(`ipvsadm: ${id}: No such service`);
    if (command.do === 'delete-service') {
      entry.connections.clear();
      this.#entries.delete(id);
      return;
    }
    if (command.do === 'edit-service') entry.service = command.service;
    else if ('server' in command) changeServers(entry, command);
    entry.connections.update(asVirtualServer(entry));
  }
}

type ServerCommand = Extract<IpvsCommand, { server: string }>;

function changeServers(entry: Entry, command: ServerCommand): void {
  const address = command.server;
  const known = entry.servers.find((server) => server.address === address);
  if (command.do === 'add-server') {
    if (known) throw new IpvsError(`ipvsadm: ${address}: Destination already exists`);
    const { weight } = command;
    entry.servers.unshift({ address, weight, activeConnections: 0, inactiveConnections: 0 });
    return;
  }
  if (!known) throw new IpvsError(`ipvsadm: ${address}: No such destination`);
  if (command.do === 'edit-server') known.weight = command.weight;
  else entry.servers.splice(entry.servers.indexOf(known), 1);
}

function asVirtualServer({ service, servers }: Entry): VirtualServer {
  return { ...service, servers: [...servers] };
}
