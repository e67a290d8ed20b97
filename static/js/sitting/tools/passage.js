// One text that can be highlighted, as a run of characters: the stem of a question, or a copy of a scenario.

import { trim } from "./marks.js";

const BLOCKS = "p, li, pre, td, th, h4, h5, blockquote";

export class Passage {
  constructor(element) {
    this.element = element;
    this.nodes = [];
    this.text = "";
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      this.nodes.push({ node: walker.currentNode, start: this.text.length });
      this.text += walker.currentNode.data;
    }
  }

  get visible() {
    return this.element.checkVisibility();
  }

  rangeOf(start, end) {
    const range = new Range();
    range.setStart(...this.#at(start, (from, offset, length) => offset < from + length));
    range.setEnd(...this.#at(end, (from, offset, length) => offset <= from + length));
    return range;
  }

  #at(offset, inside) {
    const found = this.nodes.find(({ node, start }) => inside(start, offset, node.length)) ?? this.nodes.at(-1);
    return [found.node, Math.min(offset - found.start, found.node.length)];
  }

  // The part of a selection that lies in this text, without white space around it; null when there is none.
  offsetsOf(range) {
    if (!range.intersectsNode(this.element)) return null;
    const whole = new Range();
    whole.selectNodeContents(this.element);
    const before = range.compareBoundaryPoints(Range.START_TO_START, whole) < 0;
    const after = range.compareBoundaryPoints(Range.END_TO_END, whole) > 0;
    const start = before ? 0 : this.#offset(range.startContainer, range.startOffset);
    const end = after ? this.text.length : this.#offset(range.endContainer, range.endOffset);
    return trim(start, end, this.text);
  }

  #offset(container, offset) {
    const range = new Range();
    range.selectNodeContents(this.element);
    range.setEnd(container, offset);
    return range.toString().length;
  }

  // Sentences in order, as pairs of offsets. None reaches over a block; in code every line stands for itself.
  get sentences() {
    const segmenter = new Intl.Segmenter(document.documentElement.lang || "en", { granularity: "sentence" });
    const found = [];
    for (const { start, text } of this.#blocks()) {
      for (const { index, segment } of segmenter.segment(text)) {
        const sentence = trim(start + index, start + index + segment.length, this.text);
        if (sentence) found.push(sentence);
      }
    }
    return found;
  }

  #blocks() {
    const blocks = [];
    let current = null;
    for (const { node, start } of this.nodes) {
      const block = node.parentElement.closest(BLOCKS) ?? this.element;
      if (block !== current) blocks.push({ start, text: "" });
      current = block;
      // A line break in a source paragraph is a space to the reader.
      blocks.at(-1).text += block.localName === "pre" ? node.data : node.data.replaceAll("\n", " ");
    }
    return blocks;
  }
}
