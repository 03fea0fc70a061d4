/** A sender's connection as a way back. */
export interface Channel {
  /**
   * Writes a message; with a control id it resolves once the sender accepted it (MSA-1 CA, AA), else once it is written.
   * @throws Problem peer.unavailable when the connection goes or no answer comes in time, peer.refused when the sender refuses
   */
  send(message: Uint8Array, awaited?: string): Promise<void>;
}

/** The MLLP connections of this process by their ids: where later acknowledgements find their sender. */
export class OpenChannels {
  private readonly channels = new Map<string, Channel>();

  get ids(): readonly string[] {
    return [...this.channels.keys()];
  }

  get(id: string): Channel | undefined {
    return this.channels.get(id);
  }

  add(id: string, channel: Channel): void {
    this.channels.set(id, channel);
  }

  remove(id: string): void {
    this.channels.delete(id);
  }
}
