using System.Security.Cryptography;
using System.Text;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Pages;

/// <summary>How the pages look. It stands in each page, named by its hash, so that nothing else is loaded and nothing else is obeyed.</summary>
internal static class PageStyle
{
    // Start and end, never left and right: a page in Arabic is its mirror image.
    public static Html Css { get; } = $$"""
        :root{color-scheme:light dark;--page:#f7f5f0;--card:#fff;--ink:#1d2529;--soft:#56626a;--line:#d9d4c9;--accent:#17594d;--on:#fff;--yes:#17594d;--no:#9a3324;--wash:#e8f1ee;--warn:#fdf0d8;--focus:#0b5cad;font:1.125rem/1.55 system-ui,"Segoe UI","Noto Sans","Noto Sans Arabic",sans-serif}
        @media (prefers-color-scheme:dark){:root{--page:#14181b;--card:#1c2226;--ink:#e8eae9;--soft:#a9b3b8;--line:#3a444b;--accent:#7fd1c0;--on:#0d211d;--yes:#8fdccb;--no:#f3a08b;--wash:#1b302c;--warn:#3a2f19;--focus:#8ec5ff} }
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);overflow-wrap:anywhere}
        .wrap{max-width:44rem;margin-inline:auto;padding-inline:1rem}
        .top{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;justify-content:space-between;align-items:baseline;padding-block:1.25rem}
        .top b{font-size:1.05rem}
        ul,ol{list-style:none;margin:0;padding:0}
        .langs,.nav{display:flex;flex-wrap:wrap;gap:.15rem .35rem}
        .langs{font-size:.9rem}
        .langs a,.nav a{display:inline-block;padding:.4rem .7rem;min-height:2.25rem;border-radius:.5rem;color:inherit}
        .nav{border-block-end:1px solid var(--line);padding-block-end:.6rem;margin-block-end:1.5rem}
        .nav a{text-decoration:none;font-weight:550}
        .nav a:hover{background:var(--wash)}
        .nav a[aria-current]{background:var(--accent);color:var(--on)}
        .langs a[aria-current]{text-decoration:none;font-weight:650}
        main{padding-block-end:4rem}
        h1{font-size:clamp(1.55rem,5vw,2rem);line-height:1.2;margin:.25rem 0 .5rem;font-weight:680;letter-spacing:-.01em}
        h2{font-size:1.25rem;line-height:1.3;margin:2.5rem 0 .5rem;font-weight:650}
        form+p{margin-block-start:1.1rem}
        h2.first{margin-block-start:0}.after{margin-block-start:1rem}
        h3{font-size:1.125rem;line-height:1.35;margin:0;font-weight:650}
        p{margin:0 0 .75rem}
        a{color:var(--accent);text-underline-offset:.18em}
        .soft{color:var(--soft);font-size:1rem}
        .card{background:var(--card);border:1px solid var(--line);border-radius:.9rem;padding:1.1rem 1.25rem;margin-block-start:.9rem}
        .card>p:last-child{margin-block-end:0}
        .row{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center;justify-content:space-between;border-block-start:1px solid var(--line);margin-block-start:.8rem;padding-block-start:.8rem}
        .row>div{flex:1 1 13rem}
        .row>.acts{flex:none;margin:0}
        .row p{margin:0}
        .row+p{margin-block:.8rem 0}
        .langs{margin-inline:-.7rem}
        .state{font-weight:650}
        .state::before{content:"";display:inline-block;width:.65rem;height:.65rem;border-radius:50%;margin-inline-end:.5rem;border:2px solid currentColor}
        .yes{color:var(--yes)}.yes::before{background:currentColor}
        .no{color:var(--soft)}
        button,select,textarea,input{font:inherit;color:inherit}
        button{min-height:2.9rem;padding:.5rem 1.3rem;border:2px solid var(--accent);border-radius:.65rem;background:none;color:var(--accent);font-weight:620;cursor:pointer;max-width:100%}
        button:hover{background:var(--wash)}
        button.main{background:var(--accent);color:var(--on)}
        button.stop{border-color:var(--no);color:var(--no)}
        :focus-visible{outline:3px solid var(--focus);outline-offset:3px;border-radius:.3rem}
        label{display:block;font-weight:600;margin-block:.75rem .25rem}
        select,textarea{width:100%;background:var(--card);border:1px solid var(--soft);border-radius:.5rem;padding:.55rem .7rem;min-height:2.9rem}
        .check{display:flex;gap:.7rem;align-items:start;font-weight:400}
        .check input{width:1.5rem;height:1.5rem;flex:none;accent-color:var(--accent)}
        blockquote{margin:.7rem 0 0;padding-inline-start:.9rem;border-inline-start:3px solid var(--line);color:var(--soft);font-size:1rem}
        .notice{background:var(--wash);border-radius:.9rem;padding:1rem 1.25rem;margin-block:0 1.25rem}
        .notice.warn{background:var(--warn)}
        .notice p{margin-block-end:.6rem}.notice :last-child{margin-block-end:0}
        details{margin-block-start:.6rem}
        summary{cursor:pointer;font-weight:600;padding-block:.4rem}
        dl{display:grid;grid-template-columns:minmax(8rem,12rem) minmax(0,1fr);gap:.35rem 1.25rem;margin:.5rem 0 0;font-size:1rem}
        dt{color:var(--soft)}dd{margin:0}
        @media (max-width:32rem){dl{grid-template-columns:minmax(0,1fr)}dd{margin-block-end:.4rem} }
        .past li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1.25rem;padding-block:.75rem;border-block-end:1px solid var(--line)}
        @media (max-width:32rem){.past li{grid-template-columns:minmax(0,1fr)} }
        .acts{display:flex;flex-wrap:wrap;gap:.7rem;margin-block-start:.9rem}
        footer{border-block-start:1px solid var(--line);padding-block:1.25rem 3rem;color:var(--soft);font-size:1rem}
        .hidden,.skip:not(:focus){position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .skip:focus{position:absolute;inset-block-start:.5rem;inset-inline-start:1rem;background:var(--card);padding:.6rem 1rem;z-index:1}
        """;

    public static string Policy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{Css}")))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
}
