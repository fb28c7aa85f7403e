namespace Etcdish.Kubernetes.Tests;

public sealed class QuantityTests
{
    [TestCase("0", "0")]
    [TestCase("-0", "0")]
    [TestCase("0Ki", "0")]
    [TestCase("1", "1")]
    [TestCase("+1", "1")]
    [TestCase("1000m", "1")]
    [TestCase("0.5", "500m")]
    [TestCase(".5", "500m")]
    [TestCase("5.", "5")]
    [TestCase("100m", "100m")]
    [TestCase("1024Mi", "1Gi")]
    [TestCase("1Ki", "1Ki")]
    [TestCase("1025Ki", "1025Ki")]
    [TestCase("0.5Ki", "512")]
    [TestCase("1023", "1023")]
    [TestCase("1.5Gi", "1536Mi")]
    [TestCase(".001Ki", "1024m")]
    [TestCase(".000001Ki", "1024u")]
    [TestCase("1000M", "1G")]
    [TestCase("1000k", "1M")]
    [TestCase("1500k", "1500k")]
    [TestCase("12e6", "12e6")]
    [TestCase("12E6", "12e6")]
    [TestCase("12000e3", "12e6")]
    [TestCase("1e-3", "1e-3")]
    [TestCase("15e2", "1500")]
    [TestCase("1E", "1E")]
    [TestCase("100n", "100n")]
    [TestCase("0.1n", "1n")]
    [TestCase("1e-20", "1e-9")]
    [TestCase("1.1n", "2n")]
    [TestCase("-1.1n", "-2n")]
    [TestCase("-500m", "-500m")]
    [TestCase("9223372036854775807", "9223372036854775807")]
    [TestCase("9223372036854775808", "9223372036854775807")]
    [TestCase("100E", "9223372036854775807")]
    [TestCase("-100E", "-9223372036854775807")]
    [TestCase("1e9999", "9223372036854775807e0")]
    [TestCase("8Ei", "9223372036854775807")]
    [TestCase("7Ei", "7Ei")]
    [TestCase("00000000000000000000000000000000000000000000000000000000000000000000000001", "1")]
    [TestCase("0.000000000000000000000000000000000000000000000000000000000000000000000000000001", "1n")]
    public void A_quantity_is_written_in_its_canonical_form(string text, string canonical) =>
        Assert.That(Quantity.Parse(text).ToString(), Is.EqualTo(canonical.Replace("e0", "", StringComparison.Ordinal)));

    [TestCase("", "regular expression")]
    [TestCase(".", "regular expression")]
    [TestCase("-", "regular expression")]
    [TestCase("1.2.3", "regular expression")]
    [TestCase(" 1", "regular expression")]
    [TestCase("1 ", "regular expression")]
    [TestCase("1x", "regular expression")]
    [TestCase("--1", "regular expression")]
    [TestCase("Ki", "regular expression")]
    [TestCase("1ki", "suffix")]
    [TestCase("1mm", "suffix")]
    [TestCase("1K", "suffix")]
    [TestCase("1e", "suffix")]
    [TestCase("1e+", "suffix")]
    [TestCase("1m5", "suffix")]
    [TestCase("1e99999999999999", "suffix")]
    public void What_is_no_quantity_is_refused_in_kubernetes_words(string text, string words) =>
        Assert.That(() => Quantity.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(words));

    [Test]
    public void The_canonical_form_means_the_same_and_is_its_own_canonical_form()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        string[] suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-5", "e+1"];
        for (var round = 0; round < 20_000; round++)
        {
            var number = new string([.. Enumerable.Range(0, random.Next(1, 22)).Select(_ => (char)('0' + random.Next(10)))]);
            var point = random.Next(2) == 0 ? "." : "";
            var text = number.Insert(random.Next(number.Length + 1), point) + suffixes[random.Next(suffixes.Length)];

            var first = Quantity.Parse(text);
            var second = Quantity.Parse(first.ToString());

            Assert.That(second, Is.EqualTo(first), $"seed {Seed}: {text}");
            Assert.That(second.ToString(), Is.EqualTo(first.ToString()), $"seed {Seed}: {text}");
        }
    }

    [Test]
    public void Sums_are_exact_and_keep_the_first_format()
    {
        Assert.Multiple(() =>
        {
            Assert.That((Quantity.Parse("1Gi") + Quantity.Parse("512Mi")).ToString(), Is.EqualTo("1536Mi"));
            Assert.That((Quantity.Parse("100m") + Quantity.Parse("1")).ToString(), Is.EqualTo("1100m"));
            Assert.That((default(Quantity) + Quantity.Parse("1Gi")).ToString(), Is.EqualTo("1Gi"));
            Assert.That((Quantity.Parse("1") - Quantity.Parse("1")).IsZero, Is.True);
            Assert.That((Quantity.Parse("250m") * 4).ToString(), Is.EqualTo("1"));
            Assert.That((-Quantity.Parse("1Ki")).ToString(), Is.EqualTo("-1Ki"));
            Assert.That(Quantity.Parse("1001m").Value, Is.EqualTo(2));
            Assert.That(Quantity.Parse("-1001m").Value, Is.EqualTo(-2));
            Assert.That(Quantity.Parse("1").MilliValue, Is.EqualTo(1000));
            Assert.That(() => Quantity.Parse("9E").MilliValue, Throws.TypeOf<OverflowException>());
            Assert.That(Quantity.Parse("1.5").ToDouble(), Is.EqualTo(1.5));
            Assert.That(new Quantity(5).ToString(), Is.EqualTo("5"));
            Assert.That(Quantity.FromMilli(1500).ToString(), Is.EqualTo("1500m"));
        });
    }

    [Test]
    public void Amounts_compare_whatever_their_suffix()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Quantity.Parse("1000m"), Is.EqualTo(Quantity.Parse("1")));
            Assert.That(Quantity.Parse("1000m").GetHashCode(), Is.EqualTo(Quantity.Parse("1").GetHashCode()));
            Assert.That(Quantity.Parse("1Ki"), Is.GreaterThan(Quantity.Parse("1k")));
            Assert.That(Quantity.Parse("-1") < Quantity.Parse("0"), Is.True);
        });
    }

    [Test]
    public void Small_whole_numbers_are_read_as_any_others(
        [Values("n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e-9", "e18")] string suffix)
    {
        Assert.Multiple(() =>
        {
            foreach (var number in (string[])["0", "1", "9", "110", "999999999", "000000001"])
            {
                // A point or more digits keep a number from being read as a small one.
                Assert.That(Quantity.Parse(number + suffix), Is.EqualTo(Quantity.Parse(number + "." + suffix)), number);
                Assert.That(Quantity.Parse("-" + number + suffix), Is.EqualTo(Quantity.Parse("-0000000000" + number + suffix)), number);
            }
        });
    }
}
