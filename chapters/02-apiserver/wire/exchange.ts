/**
 * Requests and their answers while they last, whatever protocol they came on.
 *
 * `http1.ts` and `http2.ts` make an `Outgoing` for each request; here it is judged, handled and
 * answered, and what is open is counted so that a stop can wait for it.
 */

import type { Duplex, Writable } from 'node:stream';
import { newBadRequest, StatusError, statusErrorIn } from '#apimachinery';
import { isUpgrade, type Upgrade } from '../connection.ts';
import type { Answer } from '../context.ts';
import { failureAnswer, statusAnswer } from '../handlers/status-answer.ts';
import { judgeTarget } from '../raw-target.ts';
import { AnswerStream } from './answer-stream.ts';
import { compressed, isWorthCompressing } from './compression.ts';
import type { Serving } from './http-server.ts';
import type { WireIncoming } from './incoming.ts';
import type { Peer } from './peer.ts';

/** What surely fits between here and the other end. */
const SMALL_ANSWER_BYTES = 64 * 1024;

/** What else counts when an answer is sent. */
export interface Circumstances {
  /** Is it to be the last one on its connection? */
  readonly isStopping: boolean;
  /** Is there more of the request's body to come, which nobody wants? */
  readonly isBodyUnread: boolean;
}

/** Where the answer of one request goes. */
export interface Outgoing {
  /** What the bytes of a streamed answer are written to. */
  readonly stream: Writable;
  /** Sends a whole answer. */
  send(answer: Answer, body: string | Uint8Array, circumstances: Circumstances): void;
  /** Prepares status and headers of a streamed answer. */
  begin(answer: Answer): void;
  /** Sends what `begin` prepared, if it has not left yet. */
  sendHead(): void;
  /** Gives up in the middle, so that the other end notices. */
  abort(): void;
  /** Present where another protocol can take over the connection. */
  readonly upgrade?: (upgrade: Upgrade) => Duplex;
}

/** All requests that have no complete answer yet. */
export class Exchanges {
  readonly #serving: Serving;
  readonly #streams = new Set<AnswerStream>();
  readonly #tunnels = new Set<Duplex>();
  readonly #peers = new Set<Peer>();
  #inFlight = 0;
  #isStopping = false;
  #whenIdle: (() => void) | undefined;

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  /** There is a connection that a stop has to end by hand. */
  connected(peer: Peer): void {
    this.#peers.add(peer);
  }

  disconnected(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Handles one request, and sees its answer out. */
  run(rawTarget: string, incoming: WireIncoming, outgoing: Outgoing, peer: Peer): void {
    this.#inFlight++;
    peer.opened(incoming);
    this.#handle(rawTarget, incoming, peer).then(
      (answer) => this.#answer(answer, incoming, outgoing, peer),
      (error) => this.#answer(this.#describe(error, rawTarget), incoming, outgoing, peer),
    );
  }

  /** Answers a request that is not worth handling. */
  refuse(error: StatusError, incoming: WireIncoming, outgoing: Outgoing, peer: Peer): void {
    this.#inFlight++;
    peer.opened(incoming);
    // Not before node:http has read the request to its end.
    queueMicrotask(() => this.#send(statusAnswer(error), incoming, outgoing));
  }

  /** The answer went out, or its connection is gone; the second call for a request does nothing. */
  finished(incoming: WireIncoming, peer: Peer): void {
    if (!peer.closed(incoming)) return;
    this.#inFlight--;
    if (!this.#isStopping) return;
    if (this.#peers.has(peer)) peer.endIfIdle();
    if (this.#inFlight === 0) this.#whenIdle?.();
  }

  /** Ends streams, waits for the rest, then ends tunnels. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    for (const stream of this.#streams) stream.stop();
    for (const peer of this.#peers) peer.endIfIdle();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const impatience = setTimeout(resolve, graceMs);
        this.#whenIdle = () => {
          clearTimeout(impatience);
          resolve();
        };
      });
    }
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }

  async #handle(rawTarget: string, incoming: WireIncoming, peer: Peer): Promise<Answer | Upgrade> {
    const target = judgeTarget(rawTarget);
    // node:http is still in the middle of the bytes: a moment later a small body is there as well.
    await undefined;
    if (target instanceof StatusError) return statusAnswer(target);
    return this.#serving.handler.handle(incoming, target, peer.connectionFor(rawTarget));
  }

  #answer(answer: Answer | Upgrade, incoming: WireIncoming, outgoing: Outgoing, peer: Peer): void {
    if (isUpgrade(answer)) this.#upgrade(answer, incoming, outgoing, peer);
    else if (answer.body instanceof ReadableStream)
      this.#stream(answer, answer.body, incoming, outgoing);
    else if (this.#isToBeCompressed(answer, incoming, peer)) {
      compressed(answer).then(
        (small) => this.#send(small, incoming, outgoing),
        () => this.#send(answer, incoming, outgoing),
      );
    } else this.#send(answer, incoming, outgoing);
  }

  #isToBeCompressed(answer: Answer, incoming: WireIncoming, peer: Peer): boolean {
    // Nearly every answer is small, and for those not even a header is looked up.
    if (typeof answer.body === 'string' && answer.body.length < 1024) return false;
    const accepted = incoming.headers.get('accept-encoding');
    const { compression } = this.#serving;
    return isWorthCompressing(answer, accepted, compression, peer.remoteAddress);
  }

  #send(answer: Answer, incoming: WireIncoming, outgoing: Outgoing): void {
    if (answer.body instanceof ReadableStream) return;
    const circumstances = {
      isStopping: this.#isStopping,
      isBodyUnread: !incoming.isReceived,
    };
    try {
      outgoing.send(answer, answer.body, circumstances);
      if (answer.body.length > SMALL_ANSWER_BYTES) this.#limitSending(outgoing);
    } catch (error) {
      this.#sendFailure(error, circumstances, outgoing);
    }
  }

  /** Whoever asks for much and does not read it must not keep it in our memory for ever. */
  #limitSending(outgoing: Outgoing): void {
    const { stream } = outgoing;
    if (stream.destroyed || stream.writableFinished) return;
    const timer = setTimeout(() => outgoing.abort(), this.#serving.sendTimeoutMs);
    stream.once('close', () => clearTimeout(timer));
  }

  /** An answer could not be sent, for example because one of its headers cannot be. */
  #sendFailure(error: unknown, circumstances: Circumstances, outgoing: Outgoing): void {
    this.#serving.log.error('an answer could not be sent', { error });
    try {
      const answer = failureAnswer(error);
      outgoing.send(answer, String(answer.body), circumstances);
    } catch {
      // Part of the first one has left already.
      outgoing.abort();
    }
  }

  #stream(
    answer: Answer,
    body: ReadableStream<Uint8Array>,
    incoming: WireIncoming,
    outgoing: Outgoing,
  ): void {
    try {
      outgoing.begin(answer);
    } catch (error) {
      body.cancel().catch(() => {});
      const isBodyUnread = !incoming.isReceived;
      this.#sendFailure(error, { isStopping: this.#isStopping, isBodyUnread }, outgoing);
      return;
    }
    const stream = new AnswerStream(body, outgoing.stream, () => outgoing.sendHead());
    this.#streams.add(stream);
    stream
      .run()
      .catch((error) => {
        this.#serving.log.warn('a streamed answer failed', { error });
        outgoing.abort();
      })
      .finally(() => {
        this.#streams.delete(stream);
        this.#limitSending(outgoing);
      });
    if (this.#isStopping) stream.stop();
  }

  #upgrade(upgrade: Upgrade, incoming: WireIncoming, outgoing: Outgoing, peer: Peer): void {
    if (outgoing.upgrade === undefined || this.#isStopping) {
      this.#send(statusAnswer(newBadRequest('Upgrade request required')), incoming, outgoing);
      return;
    }
    const tunnel = outgoing.upgrade(upgrade);
    this.#tunnels.add(tunnel);
    tunnel.once('close', () => incoming.lost());
    peer.isTunnel = true;
    // A stop waits for answers, and a tunnel is none.
    this.finished(incoming, peer);
    upgrade
      .accept(tunnel)
      .catch((error) => this.#serving.log.debug('a tunnel failed', { error }))
      .finally(() => {
        this.#tunnels.delete(tunnel);
        tunnel.destroy();
      });
  }

  #describe(error: unknown, rawTarget: string): Answer {
    if (statusErrorIn(error) === undefined) {
      // Of the target only the path: a query may hold what is not for a log.
      const [path] = rawTarget.split('?');
      this.#serving.log.error('a request failed', { path, error });
    }
    return failureAnswer(error);
  }
}
