// Refreshes the page in place: neither the scroll position nor what is being typed is lost, because only #live is
// exchanged. It pauses while nobody sees the page, and when it fails, keeps what there is and says how old that is.
"use strict";

(() => {
  const live = document.getElementById("live");
  const pulse = document.getElementById("pulse");
  const pulseText = document.getElementById("pulse-text");
  const signIn = document.getElementById("pulse-sign-in");
  const news = document.getElementById("news");
  const language = document.documentElement.lang;

  const EVERY = Number(pulse.dataset.every) * 1000;
  // A gateway in trouble is asked less and less often, up to this.
  const LONGEST_PAUSE = 60_000;
  const PATIENCE = 8_000;
  // Whoever marks a text, to copy it, is not to lose it.
  const MARKING_PAUSE = 2_000;

  let shownSince = performance.now();
  let failures = 0;
  let ended = false;
  let timer = 0;
  let asking = false;

  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  const number = new Intl.NumberFormat(language);

  function age() {
    const seconds = Math.floor((performance.now() - shownSince) / 1000);
    if (seconds < 60) return relative.format(-seconds, "second");
    if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
    return relative.format(-Math.floor(seconds / 3600), "hour");
  }

  function tell() {
    const { updated, late, ended: over } = pulse.dataset;
    const text = ended ? over : failures > 0 ? late : updated;
    pulseText.textContent = text.replace("{age}", age());
    pulse.classList.toggle("late", ended || failures > 0);
    live.classList.toggle("is-late", ended || failures > 0);
    signIn.hidden = !ended;
  }

  // Heard by those who do not see: only what is new, not every refresh.
  function announce(text) {
    if (news.textContent !== text) news.textContent = text;
  }

  function isMarking() {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && live.contains(selection.anchorNode);
  }

  // The place of the focused link among those with its address, to find it again.
  function focused() {
    const link = document.activeElement;
    if (!live.contains(link)) return null;
    const href = link.getAttribute("href");
    const alike = [...live.querySelectorAll("a")].filter((other) => other.getAttribute("href") === href);
    return { href, place: alike.indexOf(link) };
  }

  function exchange(fresh) {
    const focus = focused();
    const below = fresh.dataset.below;
    if (below !== live.dataset.below) {
      announce(pulse.dataset.news.replace("{count}", number.format(Number(below))));
    }
    live.dataset.below = below;
    live.replaceChildren(...fresh.childNodes);
    if (focus) {
      const alike = [...live.querySelectorAll("a")].filter((link) => link.getAttribute("href") === focus.href);
      alike[focus.place]?.focus({ preventScroll: true });
    }
  }

  async function ask() {
    const answer = await fetch(location.href, {
      headers: { Accept: "text/html" },
      cache: "no-store",
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 401) {
      ended = true;
      return 0;
    }
    const retryAfter = Number(answer.headers.get("Retry-After")) * 1000;
    if (!answer.ok) throw Object.assign(new Error(`status ${answer.status}`), { retryAfter });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    if (!fresh) throw new Error("not the page");
    if (isMarking()) return MARKING_PAUSE;
    exchange(fresh);
    failures = 0;
    shownSince = performance.now();
    return EVERY;
  }

  async function refresh() {
    if (asking || ended) return;
    clearTimeout(timer);
    asking = true;
    let pause = EVERY;
    try {
      pause = await ask();
    } catch (error) {
      failures += 1;
      pause = Math.max(error.retryAfter || 0, Math.min(EVERY * 2 ** (failures - 1), LONGEST_PAUSE));
    }
    asking = false;
    tell();
    if (ended || failures === 1) announce(pulseText.textContent);
    if (!ended && !document.hidden) timer = setTimeout(refresh, pause);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) refresh();
  });
  window.addEventListener("online", refresh);
  setInterval(() => {
    if (!document.hidden) tell();
  }, 1000);

  tell();
  timer = setTimeout(refresh, EVERY);
})();
