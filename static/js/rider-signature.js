// Signatures drawn with a finger: `riderSignature.start(field)` and `.read(form)`.
(() => {
  function start(field) {
    const canvas = field.querySelector("canvas");
    const pen = canvas.getContext("2d");
    field.hidden = false;
    pen.lineWidth = 4;
    pen.lineCap = pen.lineJoin = "round";
    let last = null;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [
        ((event.clientX - box.left) * canvas.width) / box.width,
        ((event.clientY - box.top) * canvas.height) / box.height,
      ];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = at(event);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      const next = at(event);
      pen.beginPath();
      pen.moveTo(...last);
      pen.lineTo(...next);
      pen.stroke();
      last = next;
      canvas.dataset.signed = "1";
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
    field.querySelector("[data-clear]").addEventListener("click", () => {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      delete canvas.dataset.signed;
    });
  }

  // A PNG, or null when nobody has signed.
  function read(form) {
    const canvas = form.querySelector("canvas");
    if (!canvas?.dataset.signed) return Promise.resolve(null);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  window.riderSignature = { start, read };
})();
