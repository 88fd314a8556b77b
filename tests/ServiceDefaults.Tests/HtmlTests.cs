namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class HtmlTests
{
    [Fact]
    public void What_is_put_into_markup_is_text()
    {
        const string Attack = "</p><script>alert('1')</script>\"&";
        Html page = $"""<p title="{Attack}">{Attack}</p>""";
        page.ToString().ShouldBe("<p title=\"&lt;/p&gt;&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&quot;&amp;\">&lt;/p&gt;&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&quot;&amp;</p>");
    }

    [Fact]
    public void Pieces_of_markup_go_in_as_they_are_one_or_many()
    {
        Html item = $"<li>{"<"}</li>";
        Html list = $"<ul>{item}{(Html[])[item, item]}{Html.Empty}</ul>";
        list.ToString().ShouldBe("<ul><li>&lt;</li><li>&lt;</li><li>&lt;</li></ul>");
    }

    [Fact]
    public void Numbers_look_the_same_everywhere()
    {
        Html point = $"{1.25:0.#} {1234.5} {7L} {(string?)null}";
        point.ToString().ShouldBe("1.3 1234.5 7 ");
    }
}
