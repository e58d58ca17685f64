"""GLSL of the picture maker: shadow maps, and people lit by a few lamps and a baked sky."""

COVERAGE = """
uniform sampler2D skin;
uniform sampler2D grain;      // tiling noise: broad, fine, spots
uniform bool strands;         // hair and cloth that are cut
uniform float ragged;

// Opacity of a texel where hair ends, thins, or reaches a shell.
float coverage(vec4 texel, vec4 regions, vec3 position, vec2 uv) {
#ifdef SKIN
    return texel.a;
#else
    vec2 across = 5.5 * position.xz + 0.9 * position.y;
    float inside = regions.y + ragged * 3.0 * (texture(grain, across).g - 0.5);
    float a = texel.a * smoothstep(0.0, 0.0008 + 0.3 * ragged, inside);
#ifdef FUZZ
    return a * smoothstep(-0.08, 0.08, texel.r - regions.x);
#else
    a *= regions.z > 0.0 ? smoothstep(regions.z - 0.12, regions.z + 0.12, texture(grain, uv * 9.0).g) : 1.0;
    return strands ? a : texel.a;
#endif
#endif
}
"""

SHADOW_VERTEX = """
in vec3 position; in vec2 uv; in vec4 regions;
uniform mat4 clip_from_world;
out vec2 vUv; out vec4 vRegions; out vec3 vPosition;
void main() {
    vUv = uv; vRegions = regions; vPosition = position;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
"""

SHADOW_FRAGMENT = (
    """
in vec2 vUv; in vec4 vRegions; in vec3 vPosition;
"""
    + COVERAGE
    + """
void main() { if (coverage(texture(skin, vUv), vRegions, vPosition, vUv) < 0.5) discard; }
"""
)

PERSON_VERTEX = """
in vec3 position; in vec3 normal; in vec2 uv; in vec4 regions; in vec3 ambient;
uniform mat4 clip_from_world;
uniform mat4 shadow_from_world;
out vec3 vPosition; out vec3 vNormal; out vec2 vUv; out vec4 vRegions; out vec3 vAmbient; out vec3 vShadow;
void main() {
    vPosition = position; vNormal = normal; vUv = uv; vRegions = regions; vAmbient = ambient;
    vShadow = (shadow_from_world * vec4(position, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = clip_from_world * vec4(position, 1.0);
}
"""

PERSON_FRAGMENT = (
    """
in vec3 vPosition; in vec3 vNormal; in vec2 vUv; in vec4 vRegions; in vec3 vAmbient; in vec3 vShadow;
out vec4 colour;

"""
    + COVERAGE
    + """
uniform sampler2D second_skin; uniform float mix_share;
uniform sampler2D shadow;
uniform vec3 eye;
uniform vec3 lamp_direction[3]; uniform vec3 lamp_colour[3];   // the first one casts the shadow
uniform float shadow_softness; uniform float shadow_bias;
uniform vec3 lab_shift; uniform float chroma; uniform float hue;
uniform vec3 dye; uniform float dye_amount; uniform float mean_luminance;
uniform float specular; uniform float gloss; uniform float bump; uniform float translucent;
uniform float freckles; uniform float mottle; uniform float stubble; uniform float shorn; uniform float lipstick;
uniform float moles; uniform float eye_shadow; uniform vec3 eye_shadow_colour; uniform vec3 lid[2];
uniform vec3 hair_colour; uniform vec3 beard_colour; uniform vec3 lip_colour;
uniform vec3 stripes; uniform vec3 prints; uniform vec3 ink;
uniform vec3 tips; uniform float tips_amount; uniform float grey;
uniform float clear;          // opacity of glass
uniform float exposure;
uniform int layer;            // 0: everything opaque; 1: only blended edges
uniform float opaque_alpha;

const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);

// OKLab (Ottosson 2020), cube roots by exp2/log2.
vec3 oklab(vec3 c) {
    vec3 lms = mat3(0.4122214708, 0.2119034982, 0.0883024619, 0.5363325363, 0.6806995451, 0.2817188376,
                    0.0514459929, 0.1073969566, 0.6299787005) * max(c, 1e-5);
    lms = pow(lms, vec3(1.0 / 3.0));
    return mat3(0.2104542553, 1.9779984951, 0.0259040371, 0.7936177850, -2.4285922050, 0.7827717662,
                -0.0040720468, 0.4505937099, -0.8086757660) * lms;
}
vec3 linear_rgb(vec3 lab) {
    vec3 lms = mat3(1.0, 1.0, 1.0, 0.3963377774, -0.1055613458, -0.0894841775,
                    0.2158037573, -0.0638541728, -1.2914855480) * lab;
    lms = lms * lms * lms;
    return max(mat3(4.0767416621, -1.2684380046, -0.0041960863, -3.3077115913, 2.6097574011, -0.7034186147,
                    0.2309699292, -0.3413193965, 1.7076147010) * lms, 0.0);
}

#ifndef DYED
float relief(vec2 uv) { return dot(texture(skin, uv).rgb, LUMINANCE); }

vec3 bumped(vec3 n) {   // Mikkelsen 2010: surface gradient from screen derivatives
    vec3 px = dFdx(vPosition), py = dFdy(vPosition);
    float h = relief(vUv);
    float hx = relief(vUv + dFdx(vUv)) - h, hy = relief(vUv + dFdy(vUv)) - h;
    vec3 r1 = cross(py, n), r2 = cross(n, px);
    float det = dot(px, r1);
    return normalize(abs(det) * n - bump * sign(det) * (hx * r1 + hy * r2));
}
#endif

vec3 albedo(vec3 texel) {
    float relative = clamp(dot(pow(texel, vec3(2.2)), LUMINANCE) / mean_luminance, 0.08, 2.5);
#ifdef DYED
    // Hair, brows, glasses: one colour over the texture's relief.
    vec3 dyed = dye;
    if (strands) {
        dyed = mix(dyed, tips, tips_amount * smoothstep(0.35, 0.95, vRegions.x));
#ifdef FUZZ
        float strand = texel.g;
#else
        float strand = texture(grain, vUv * vec2(9.0, 0.7) + vPosition.x * 2.0).g;
#endif
        dyed = mix(dyed, max(dyed, vec3(0.36, 0.35, 0.33)), smoothstep(0.95, 1.0, strand * 0.6 + 0.2 + grey * 0.6));
        dyed *= vRegions.w;
    }
    return dyed * pow(relative, 0.7);
#else
    vec3 lab = oklab(pow(texel, vec3(2.2)));
#ifdef SKIN
    vec4 fine = texture(grain, vUv * 13.0), coarse = texture(grain, vUv * 3.0);
    lab += mottle * ((coarse.r - 0.5) * vec3(0.02, 0.012, 0.004) + (fine.g - 0.5) * vec3(0.03, 0.006, 0.006));
    lab += vRegions.y * mottle * vec3(-0.012, 0.022, 0.004);
    float spots = smoothstep(0.62, 0.8, texture(grain, vUv * 9.0).b) * freckles * (0.25 + vRegions.y);
    lab += spots * vec3(-0.12, 0.012, 0.02);
    lab += moles * smoothstep(0.965, 0.99, texture(grain, vUv * 6.3 + 0.37).b) * vec3(-0.18, 0.012, 0.012);
#endif
    lab.x = max(lab.x + lab_shift.x, 0.02);
    float c = cos(hue), s = sin(hue);
    lab.yz = mat2(c, s, -s, c) * lab.yz * chroma + lab_shift.yz;
    vec3 rgb = mix(linear_rgb(lab), dye * pow(relative, 0.7), dye_amount);
#ifdef SKIN
    float strands_here = texture(grain, vUv * 40.0).g, patches = texture(grain, vUv * 6.0).r;
    float hairy = vRegions.x * stubble * (0.4 + 0.7 * strands_here + 0.5 * patches);
    float cropped = smoothstep(0.2, 0.8, vRegions.z + 0.5 * (texture(grain, vUv * 17.0).b - 0.5)) * shorn;
    rgb = mix(rgb, min(beard_colour, rgb * 0.9), clamp(hairy, 0.0, 0.85));
    rgb = mix(rgb, hair_colour * 0.8 + 0.1 * rgb, clamp(cropped * (0.75 + 0.3 * strands_here), 0.0, 0.92));
    rgb = mix(rgb, lip_colour * (0.5 + 0.5 * min(relative, 1.4)), vRegions.w * lipstick * 0.7);
    for (int i = 0; i < 2; i++) {
        vec3 off = (vPosition - lid[i]) / vec3(0.017, 0.008, 0.02);
        rgb = mix(rgb, eye_shadow_colour, eye_shadow * exp(-dot(off, off)));
    }
#else
    vec2 wave = sin(6.2832 * vPosition.xy * stripes.yz);
    float woven = stripes.y > 0.0 ? max(wave.x, wave.y) : wave.y;
    rgb = mix(rgb, ink, stripes.x * smoothstep(-0.2, 0.2, woven));
    float blot = texture(grain, vPosition.xy * prints.y + 0.2 * vPosition.z).r;
    rgb = mix(rgb, ink, prints.x * smoothstep(prints.z - 0.01, prints.z + 0.01, blot));
#endif
    return rgb;
#endif
}

float lit() {
    float sum = 0.0;
    vec2 texel = shadow_softness / vec2(textureSize(shadow, 0));
#ifdef DYED
    for (int i = 0; i < 4; i++)
        sum += texture(shadow, vShadow.xy + (vec2(i & 1, i >> 1) * 2.0 - 1.0) * 0.7 * texel).r
             < vShadow.z - shadow_bias ? 0.0 : 0.25;
    return sum;
#else
    for (int i = -1; i <= 1; i++) for (int j = -1; j <= 1; j++)
        sum += texture(shadow, vShadow.xy + vec2(i, j) * texel).r < vShadow.z - shadow_bias ? 0.0 : 1.0;
    return sum / 9.0;
#endif
}

// Reflected share of a lamp's light: diffuse times albedo, and the highlight.
void answer(vec3 n, vec3 l, vec3 view, out vec3 diffuse, out float shine) {
    float facing = dot(n, l), toward = clamp(dot(n, view), 0.001, 1.0);
    vec3 h = normalize(l + view);
    float fresnel = 0.04 + 0.96 * pow(1.0 - clamp(dot(h, view), 0.0, 1.0), 5.0);
    float nh = clamp(dot(n, h), 0.0, 1.0);
#ifndef OREN_NAYAR
    {   // Lambert, wrapped round on skin, and Blinn-Phong
        vec3 wrap = vec3(0.28, 0.15, 0.10) * translucent;
        diffuse = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0);
        shine = clamp(facing, 0.0, 1.0) * fresnel * pow(nh, gloss) * (gloss + 8.0) / 8.0;
    }
#else
    {   // Oren-Nayar 1994 and GGX (Walter 2007)
        float lit = clamp(facing, 0.0, 1.0), sigma2 = 0.16;
        float s = dot(l, view) - facing * toward;
        float t = s > 0.0 ? max(facing, toward) : 1.0;
        diffuse = vec3(lit * max(1.0 - 0.5 * sigma2 / (sigma2 + 0.33) + 0.45 * sigma2 / (sigma2 + 0.09) * s / t, 0.0));
        float a2 = 2.0 / (gloss + 2.0), d = nh * nh * (a2 - 1.0) + 1.0, k = sqrt(a2) * 0.5;
        float g = 1.0 / ((lit * (1.0 - k) + k) * (toward * (1.0 - k) + k));
        shine = lit * fresnel * a2 / (d * d) * 0.25 * g;
    }
#endif
}

vec3 developed(vec3 c) {
#ifdef FILM                   // Hable 2010, white at 4
    vec3 x = 1.3 * c;
    x = (x * (0.22 * x + 0.03) + 0.002) / (x * (0.22 * x + 0.3) + 0.06) - 0.0333;
    return pow(clamp(x / 0.62, 0.0, 1.0), vec3(1.0 / 2.2));
#endif
    c = c * (1.0 + c / 6.0) / (1.0 + 0.75 * c);     // a soft shoulder, as cameras have
    return pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
}

void main() {
    vec4 texel = texture(skin, vUv);
#ifdef SKIN
    texel = mix(texel, texture(second_skin, vUv), mix_share);
#endif
    texel.a = coverage(texel, vRegions, vPosition, vUv) * clear;
    if (layer == 0 && texel.a < opaque_alpha) discard;
    if (layer == 1 && (texel.a >= opaque_alpha || texel.a < 0.03)) discard;
#ifdef FUZZ
    texel.rgb = vec3(texel.g);
#endif
    vec3 base = albedo(texel.rgb);
    vec3 view = normalize(eye - vPosition);
    vec3 n = normalize(vNormal);
    if (dot(n, view) < 0.0 && translucent == 0.0) n = -n;
#ifndef DYED
    n = bumped(n);
#endif

    vec3 diffuse = vAmbient, shine = vec3(0.0);
    float visible = lit();
    vec3 wrap = vec3(0.28, 0.15, 0.10) * translucent;
    for (int i = 0; i < 3; i++) {
        if (lamp_colour[i].g <= 0.0) continue;
        vec3 d; float highlight;
        answer(n, lamp_direction[i], view, d, highlight);
        float s = i == 0 ? visible : 1.0;
        diffuse += lamp_colour[i] * d * mix(vec3(s), vec3(1.0), wrap * 0.4);
        shine += lamp_colour[i] * s * highlight;
    }
    float grazing = pow(1.0 - clamp(dot(n, view), 0.0, 1.0), 4.0);
    shine = specular * (shine + vAmbient * (0.03 + 0.5 * grazing));
    vec3 c = developed((base * diffuse + shine) * exposure);
    if (clear < 1.0) {        // glass: what it reflects hides what is behind by as much as it is bright
        float mirror = clamp(max(max(shine.r, shine.g), shine.b) * exposure, 0.0, 0.9);
        texel.a = max(texel.a, mirror);
    }
    colour = layer == 0 ? vec4(c, 1.0) : vec4(c * texel.a, texel.a);
}
"""
)


def shader_source(code: str, *defines: str) -> str:
    """GLSL with the given names defined.

    Names: SKIN, DYED (one colour over a relief: hair, glasses), FUZZ (shells of hair, with DYED); OREN_NAYAR, FILM
    (the camera's curve). A program for each kind: software renderers run both sides of every branch.
    """
    return "#version 330\n" + "".join(f"#define {name}\n" for name in defines) + code
