/** Back-pressure: who sends waits while what it sent is not used. */

import { WebSocket } from 'ws';

/** So much may wait. More, and nothing is read from the connection; less than half, and it goes on. */
const MOST_WAITING_BYTES = 262_144;
/** Clients of Kubernetes give a connection up that has been silent for a minute. */
const SIGN_OF_LIFE_MS = 10_000;

/** What can be told not to bring anything for a while. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/**
 * Counts what a connection brought and nobody used yet, and holds the connection up.
 *
 * @remarks What is not read stays in the sockets' buffers, and when these are full, the other end
 * waits, too. All streams of one connection wait for the slowest of them, as upstream.
 */
export class Flow {
  readonly #connection: Pausable;
  #waitingBytes = 0;
  #isPaused = false;

  constructor(connection: Pausable) {
    this.#connection = connection;
  }

  /** So many bytes came. */
  took(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#isPaused || this.#waitingBytes <= MOST_WAITING_BYTES) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  /** So many of them have been used, or never will be. */
  used(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (!this.#isPaused || this.#waitingBytes > MOST_WAITING_BYTES / 2) return;
    this.#isPaused = false;
    this.#connection.resume();
  }
}

/** The flow of a WebSocket. While it is held up, pings are not answered; so it tells that it lives. */
export function webSocketFlow(socket: WebSocket): Flow {
  let life: NodeJS.Timeout | undefined;
  socket.once('close', () => clearInterval(life));
  return new Flow({
    pause: () => {
      socket.pause();
      life = setInterval(() => {
        if (socket.readyState === WebSocket.OPEN) socket.pong();
      }, SIGN_OF_LIFE_MS);
    },
    resume: () => {
      clearInterval(life);
      socket.resume();
    },
  });
}
